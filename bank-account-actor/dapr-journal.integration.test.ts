import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp, listen } from '../platform/http.ts';
import { sidecar, type Sidecar } from '../platform/dapr.ts';
import { startBank, type Bank } from '../runtime/bank.ts';
import { daprdArgs } from '../runtime/dapr-yaml.ts';
import { sidecarEnvironment } from '../runtime/environment.ts';
import { loadSecrets } from '../runtime/secrets.ts';
import { silent } from './actor-fixtures.ts';
import { daprJournal } from './dapr-journal.ts';
import { journalContract } from './journal-contract.ts';

const INSTANCE = 8;

let bank: Bank;
let daprd: ChildProcess;
let app: http.Server;
let dapr: Sidecar;
const dataDir = mkdtempSync(path.join(tmpdir(), 'core-bank-journal-'));

jest.setTimeout(120_000);

beforeAll(async () => {
  bank = await startBank({ instance: INSTANCE, dataDir, quiet: true, infrastructureOnly: true });
  const settings = bank.apps.find(({ appID }) => appID === 'bank-account-actor');
  if (settings === undefined) throw new Error('dapr.yaml has no bank-account-actor');
  app = await listen(createApp({ logger: silent }).get('/healthz', (_q, r) => void r.json({})), settings.appPort);
  const environment = sidecarEnvironment(bank.instance, loadSecrets(dataDir), settings);
  daprd = spawn(bank.files.daprd as string, daprdArgs(bank.instance.root, settings), {
    env: environment, cwd: dataDir, stdio: 'ignore',
  });
  dapr = sidecar({ httpPort: settings.daprHTTPPort, apiToken: environment['DAPR_API_TOKEN'] as string });
  while (!(await dapr.ready())) await new Promise((resolve) => setTimeout(resolve, 100));
});

afterAll(async () => {
  daprd?.kill('SIGKILL');
  app.closeAllConnections();
  app.close();
  await dapr.close();
  await bank.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

journalContract('behind Dapr on PostgreSQL', (host) => daprJournal(dapr, host));
