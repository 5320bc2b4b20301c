import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { publicKeyPem } from '../../proofs/signed-state.ts';
import type { ImmudbOptions } from '../../event-source/immudb/client.ts';

const PORTS_PER_INSTANCE = 1_000;
const IMMUDB_PORT = 3_830;
const QUERIES_PORT = 3_001;

const secretsFile = z.looseObject({ immudbWriter: z.string() });

/** What `npm run audit` looks at: where the log is, and what it is held against. */
export interface AuditTarget {
  readonly immudb: ImmudbOptions;
  /** The keys that the log and the auditor sign with, PEM. */
  readonly publicKey: string;
  readonly auditorKey: string;
  readonly checkpoints: string;
  /** The query API. */
  readonly queryUrl: string;
}

/**
 * The bank of instance CORE_BANK_INSTANCE, by the files of its data folder. Each can be named
 * apart: IMMUDB_ADDRESS, IMMUDB_USER, IMMUDB_PASSWORD, IMMUDB_DATABASE, LOG_PUBLIC_KEY,
 * AUDIT_PUBLIC_KEY_FILE, AUDIT_FOLDER, QUERY_URL.
 */
export function auditTarget(env: NodeJS.ProcessEnv = process.env): AuditTarget {
  const instance = Number(env['CORE_BANK_INSTANCE'] ?? 0);
  const home = env['CORE_BANK_HOME'] ?? process.cwd();
  const folder = env['CORE_BANK_DATA'] ?? join(home, '.data', String(instance));
  const port = (base: number): number => base + PORTS_PER_INSTANCE * instance;
  const inFolder = (name: string): string => {
    const file = join(folder, name);
    if (existsSync(file)) return readFileSync(file, 'utf8');
    throw new Error(`There is no ${file}: start the bank once with "npm start".`);
  };
  const given = env['LOG_PUBLIC_KEY'];
  const auditorFile = env['AUDIT_PUBLIC_KEY_FILE'];
  return {
    immudb: {
      proto: fileURLToPath(new URL('../../../event-source/immudb/immudb.proto', import.meta.url)),
      address: env['IMMUDB_ADDRESS'] ?? `127.0.0.1:${port(IMMUDB_PORT)}`,
      user: env['IMMUDB_USER'] ?? 'corebank',
      password:
        env['IMMUDB_PASSWORD'] ??
        secretsFile.parse(JSON.parse(inFolder('secrets.json'))).immudbWriter,
      database: env['IMMUDB_DATABASE'] ?? 'corebank',
    },
    publicKey: given === undefined ? inFolder('immudb-public-key.pem') : publicKeyPem(given),
    auditorKey:
      auditorFile === undefined
        ? inFolder('audit-public-key.pem')
        : readFileSync(auditorFile, 'utf8'),
    checkpoints: join(env['AUDIT_FOLDER'] ?? join(folder, 'audit'), 'checkpoints.jsonl'),
    queryUrl: env['QUERY_URL'] ?? `http://127.0.0.1:${port(QUERIES_PORT)}`,
  };
}
