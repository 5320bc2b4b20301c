// Package health answers /healthz on one address. Dapr's own server takes an address flag
// but listens on every interface all the same.
package health

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"

	"github.com/dapr/dapr/pkg/healthz"
)

// Server gives a runner that serves until its context ends.
func Server(health healthz.Healthz, address string, port int) func(context.Context) error {
	return func(ctx context.Context) error {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.HandleFunc("/healthz", func(answer http.ResponseWriter, _ *http.Request) {
			if !health.IsReady() {
				answer.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		server := &http.Server{Handler: mux}
		stop := context.AfterFunc(ctx, func() { server.Close() })
		defer stop()
		if err = server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}
