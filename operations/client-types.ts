import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const HEAD = '// Written by "npm run reference" from the contracts. Do not change it by hand.\n\n';

/** client/schema.d.ts: the types of every path of the API, from the OpenAPI document in a file. */
export function clientTypes(root: string, document: string): string {
  // It lives in the room's own packages, with the compiler that it needs.
  const program = join(root, 'operations/node_modules/openapi-typescript/bin/cli.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, document], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`openapi-typescript failed: ${stderr}`);
  return HEAD + stdout;
}
