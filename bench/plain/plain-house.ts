import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logFile, prepareDataDir, resolveInstance, type Instance } from '../../runtime/instance.ts';
import { answersOk, LOOPBACK } from '../../runtime/ports.ts';
import { postgresProgram } from '../../runtime/programs/postgres.ts';
import { POSTGRES_ADMIN } from '../../runtime/programs/postgres-connection.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { createSupervisor, type Supervisor } from '../../runtime/supervisor/supervisor.ts';
import type { Measured } from '../house.ts';

/** Besides those of the bank of the same instance. */
const POSTGRES_PORT_AFTER = 64;
const PORT_AFTER = 65;

export interface PlainPostgres {
  readonly instance: Instance;
  readonly supervisor: Supervisor;
  /** A secret. */
  readonly databaseUrl: string;
}

/** A PostgreSQL of its own, of the same program and with the same settings as the bank's. */
export async function startPlainPostgres(number: number): Promise<PlainPostgres> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-plain-'));
  const bank = resolveInstance({ instance: number, dataDir });
  const postgres = bank.ports.postgres + POSTGRES_PORT_AFTER;
  const instance = { ...bank, ports: { ...bank.ports, postgres } };
  prepareDataDir(instance);
  const secrets = loadSecrets(dataDir);
  const note = (sentence: string): void => void process.stderr.write(`plain: ${sentence}\n`);
  const supervisor = await createSupervisor(dataDir, note);
  // The bank's own supervisor answers to signals and then ends this process.
  process.once('exit', () => {
    for (const { name } of supervisor.programs()) supervisor.kill(name, 'SIGINT');
    rmSync(dataDir, { recursive: true, force: true });
  });
  await supervisor.start([postgresProgram(instance, secrets)]);
  const user = `${POSTGRES_ADMIN}:${secrets.postgresAdmin}`;
  const databaseUrl = `postgres://${user}@${LOOPBACK}:${postgres}/${POSTGRES_ADMIN}`;
  return { instance, supervisor, databaseUrl };
}

/** The plain ledger as a program of its own, with a PostgreSQL of its own. */
export async function openPlainHouse(
  number: number,
): Promise<Measured & { readonly close: () => Promise<void> }> {
  const { instance, supervisor, databaseUrl } = await startPlainPostgres(number);
  const port = instance.ports.postgres - POSTGRES_PORT_AFTER + PORT_AFTER;
  await supervisor.start([
    {
      name: 'plain-ledger',
      command: process.execPath,
      args: [join(instance.root, 'dist', 'bench', 'plain', 'plain-ledger.js')],
      env: {
        NODE_ENV: 'production',
        PLAIN_PORT: String(port),
        PLAIN_DATABASE: databaseUrl,
      },
      cwd: instance.dataDir,
      logFile: logFile(instance, 'plain-ledger'),
      port,
      layer: 1,
      ready: () => answersOk(port, '/health'),
    },
  ]);
  const url = `http://${LOOPBACK}:${port}`;
  return {
    url,
    queryUrl: url,
    programs: supervisor.programs,
    close: () => supervisor.stop(),
  };
}
