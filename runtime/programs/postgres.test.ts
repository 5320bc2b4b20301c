import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDataDir, resolveInstance } from '../instance.ts';
import { postgresProgram } from './postgres.ts';
import { loadSecrets } from '../secrets.ts';

const BIN = 'CORE_BANK_POSTGRES_BIN';
/** Begins as initdb does, with the version, and notes whether a start would take it for done. */
const initdb = (place: string): string => `#!/bin/sh
echo 18 > "$2/PG_VERSION"
if [ -e "${place}/PG_VERSION" ]; then echo done; else echo unfinished; fi > "$2/looked"
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-bank-postgres-'));
  chmodSync(folder, 0o755);
});
afterEach(() => {
  delete process.env[BIN];
  rmSync(folder, { recursive: true, force: true });
});

test('given a first start that is killed, half a database is not taken for a whole one', () => {
  const instance = resolveInstance({ dataDir: join(folder, 'data') });
  const final = join(instance.dataDir, 'postgres');
  process.env[BIN] = folder;
  writeFileSync(join(folder, 'initdb'), initdb(final), { mode: 0o755 });
  prepareDataDir(instance);
  const secrets = loadSecrets(instance.dataDir);
  for (const _start of ['first', 'second']) {
    expect(postgresProgram(instance, secrets).args).toContain(final);
  }
  expect(readFileSync(join(final, 'looked'), 'utf8')).toBe('unfinished\n');
  expect(existsSync(`${final}.unfinished`)).toBe(false);
});
