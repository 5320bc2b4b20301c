// Immudb's own server command: a main of ours because the module's replace lines
// keep "go install" from building theirs.
package main

import "github.com/codenotary/immudb/cmd/immudb/command"

func main() { immudb.Execute() }
