import { setTimeout as sleep } from 'node:timers/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { answer, listenH2c, type Listening } from '../platform/h2c.ts';
import { sidecar, type Sidecar } from '../platform/dapr.ts';
import { freeInstance } from '../runtime/free-instance.ts';
import { startBank, type Bank } from '../runtime/bank.ts';
import { daprdArgs } from '../runtime/dapr-yaml.ts';
import { sidecarEnvironment } from '../runtime/environment.ts';
import { loadSecrets } from '../runtime/secrets.ts';
import type { CommandMessage } from '../contracts/commands.ts';
import { streamOf } from '../contracts/events.ts';
import { accountId } from '../domain/ids.ts';
import { ACCOUNT, deposit, open, testHost, testLog, withdraw } from './actor-fixtures.ts';
import { daprJournal } from './dapr-journal.ts';
import { daprJournalFilling } from './dapr-journal-filling.ts';
import { journalContract } from './journal-contract.ts';
import { journalFillingContract } from './journal-filling-contract.ts';

const ROWS = 20;
const READERS = 8;
const DEATHS = 6;
const READS_BETWEEN = 100;

let bank: Bank;
let daprd: ChildProcess;
let app: Listening;
let dapr: Sidecar;
const dataDir = mkdtempSync(path.join(tmpdir(), 'core-bank-journal-'));

jest.setTimeout(120_000);

beforeAll(async () => {
  const options = { quiet: true, infrastructureOnly: true, backOffMsMax: 200 };
  bank = await startBank({ instance: await freeInstance(), dataDir, ...options });
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

test('while PostgreSQL dies again and again, a read is whole or says nothing', async () => {
  const host = testHost(daprJournal(dapr, 'dying'), testLog());
  const stream = streamOf(accountId('00000000-0000-8000-8000-000000000077'));
  await host.accounts.execute(stream, [open('dying')]);
  for (let at = 2; at <= ROWS; at += 1) await host.accounts.execute(stream, [deposit(`d${at}`)]);
  const journal = daprJournal(dapr, 'reader');
  const whole = await journal.load(stream);
  const seen = { whole: 0, refused: 0 };
  let running = true;
  const reader = async (): Promise<void> => {
    while (running) {
      const read = await journal.load(stream).catch(() => undefined);
      if (read === undefined) seen.refused += 1;
      else {
        expect([read.head, read.rows.length]).toEqual([whole.head, whole.rows.length]);
        seen.whole += 1;
      }
    }
  };
  const readers = Array.from({ length: READERS }, reader);
  try {
    for (let deaths = 0; deaths < DEATHS; deaths += 1) {
      const enough = seen.whole + READS_BETWEEN;
      while (seen.whole < enough) await sleep(20);
      expect(bank.kill('postgres', 'SIGKILL')).toBe(true);
      await sleep(500);
    }
  } finally {
    running = false;
    await Promise.all(readers);
  }
  expect(seen.refused).toBeGreaterThan(0);
});
