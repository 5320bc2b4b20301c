import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { answer, listenH2c, type Listening } from '../platform/h2c.ts';
import { sidecar, type Sidecar } from '../platform/dapr.ts';
import { startBank, type Bank } from '../runtime/bank.ts';
import { daprdArgs } from '../runtime/dapr-yaml.ts';
import { sidecarEnvironment } from '../runtime/environment.ts';
import { loadSecrets } from '../runtime/secrets.ts';
import type { CommandMessage } from '../contracts/commands.ts';
import { ACCOUNT, open, testHost, testLog, withdraw } from './actor-fixtures.ts';
import { daprJournal } from './dapr-journal.ts';
import { daprJournalFilling } from './dapr-journal-filling.ts';
import { journalContract } from './journal-contract.ts';
import { journalFillingContract } from './journal-filling-contract.ts';

const INSTANCE = 20;

let bank: Bank;
let daprd: ChildProcess;
let app: Listening;
let dapr: Sidecar;
const dataDir = mkdtempSync(path.join(tmpdir(), 'core-bank-journal-'));

jest.setTimeout(120_000);

beforeAll(async () => {
  bank = await startBank({ instance: INSTANCE, dataDir, quiet: true, infrastructureOnly: true });
  const settings = bank.apps.find(({ appID }) => appID === 'bank-account-actor');
  if (settings === undefined) throw new Error('dapr.yaml has no bank-account-actor');
  app = await listenH2c(
    (request, response) => answer(response, request.url === '/healthz' ? 200 : 404),
    settings.appPort,
  );
  const environment = sidecarEnvironment(bank.instance, loadSecrets(dataDir), settings);
  daprd = spawn(bank.files.daprd as string, daprdArgs(bank.instance.root, settings), {
    env: environment,
    cwd: dataDir,
    stdio: 'ignore',
  });
  dapr = sidecar({
    httpPort: settings.daprHTTPPort,
    apiToken: environment['DAPR_API_TOKEN'] as string,
  });
  while (!(await dapr.ready())) await new Promise((resolve) => setTimeout(resolve, 100));
});

afterAll(async () => {
  daprd?.kill('SIGKILL');
  app?.close();
  await dapr.close();
  await bank.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const NAME = 'behind Dapr on PostgreSQL';
journalContract(NAME, (host) => daprJournal(dapr, host));
journalFillingContract(NAME, (host) => ({
  ...daprJournal(dapr, host),
  ...daprJournalFilling(dapr),
}));

test('two hosts that hold an account: one wins each version, losers answer rightly', async () => {
  const log = testLog();
  const hosts = ['two-a', 'two-b'].map((name) => testHost(daprJournal(dapr, name), log));
  const execute = (at: number, ...commands: CommandMessage[]) =>
    (hosts[at % 2] as (typeof hosts)[number]).execute(...commands);
  await execute(0, open('o', { initialDeposit: '50.00' }));
  // 100 withdrawals of 1.00 from 50.00: exactly 50 can be granted, whoever decides them.
  const results = await Promise.all(
    Array.from({ length: 100 }, async (_unused, at) => {
      for (;;) {
        const [result] = await execute(at, withdraw(`w${at}`));
        const code = result?.ok === false ? result.refusal.code : 'granted';
        if (code !== 'service-unavailable') return code;
      }
    }),
  );
  expect(results.filter((code) => code === 'granted')).toHaveLength(50);
  expect(results.filter((code) => code === 'insufficient-funds')).toHaveLength(50);
  // The outbox publishes off the turn, so the last events arrive after the last answer.
  while (log.eventsOf(ACCOUNT).length < 52) await new Promise((go) => setTimeout(go, 20));
  const versions = log.eventsOf(ACCOUNT).map(({ version }) => version);
  expect(versions).toEqual(Array.from({ length: 52 }, (_unused, at) => at + 1));
  expect(log.forks).toEqual([]);
});
