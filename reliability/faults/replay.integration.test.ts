import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeInstance } from '../../runtime/supervisor/free-instance.ts';
import { startBank, type Bank } from '../../runtime/supervisor/bank.ts';
import { projectRoot } from '../../runtime/instance.ts';
import { authorize, bankFetch } from './bank-fetch.ts';

const ACCOUNTS = 30;
const ROWS_EACH = 12;
const ROWS = ACCOUNTS * ROWS_EACH;
const HEADER =
  'transactionId,accountId,date,direction,operation,amount,recordedBalance,purpose,' +
  'counterpartyBank,counterpartyAccount';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'replay-'));
// Under root, programs are other users, who have to pass.
chmodSync(folder, 0o711);
const file = join(folder, 'transactions.csv');
let bank: Bank;

beforeAll(async () => {
  const rows = Array.from({ length: ROWS }, (_, at) => {
    const date = `1993-${String(1 + (at % 12)).padStart(2, '0')}-05`;
    const direction = at % 3 === 1 ? 'debit' : 'credit';
    return `t${at},${at % ACCOUNTS},${date},${direction},cash,${at + 1}.0${at % 10},0.00,,,`;
  });
  writeFileSync(file, `${[HEADER, ...rows].join('\n')}\n`);
  bank = await startBank({
    instance: await freeInstance(),
    dataDir: join(folder, 'bank'),
    quiet: true,
  });
  authorize(bank);
});
afterAll(async () => {
  await bank?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the command as a person would, killed after a while if that is wanted. */
function replay(options: readonly string[] = [], killAfterMs?: number): Promise<Ended> {
  const { 'core-bank-api': url = '', 'queries-bank-api': queryUrl = '' } = bank.urls;
  const script = join(projectRoot(), 'dist', 'operations', 'replay', 'replay.js');
  const args = [script, file, '--url', url, '--query-url', queryUrl, ...options];
  const { number, dataDir } = bank.instance;
  const place = { CORE_BANK_INSTANCE: String(number), CORE_BANK_DATA: dataDir };
  const child = spawn(process.execPath, args, {
    cwd: projectRoot(),
    env: { ...process.env, ...place },
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
  }
  const timer =
    killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

const verdict = (differences: number): string =>
  `verdict   ${ROWS} rows, ${ACCOUNTS} accounts, ${differences} differences`;

test('given a replay that was killed in the middle, the next one finishes the rest', async () => {
  const killed = await replay(['--speed', '60'], 4_000);
  expect(killed.code).toBeNull();
  const { code, output } = await replay();
  expect(output).toContain(verdict(0));
  const doneBefore = Number(/\(([\d,]+) done before/.exec(output)?.[1]?.replaceAll(',', ''));
  expect(doneBefore).toBeGreaterThan(10);
  expect(doneBefore).toBeLessThan(ROWS);
  expect(code).toBe(0);
});

test('given an actor host that is killed meanwhile, the replay goes on to the end', async () => {
  const running = replay(['--speed', '100']);
  setTimeout(() => bank.kill('bank-account-actor', 'SIGKILL'), 1_500);
  const { code, output } = await running;
  expect(output).toContain(verdict(0));
  expect(output).toContain(`(${ROWS + ACCOUNTS} done before`);
  expect(code).toBe(0);
});

test('given one command that is not in the file, every place that shows it is named', async () => {
  const { output: before } = await replay();
  expect(before).toContain(verdict(0));
  const accountId = await anAccount();
  const response = await bankFetch(
    `${bank.urls['core-bank-api']}/v1/accounts/${accountId}/deposits`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount: '0.01' }),
    },
  );
  expect(response.status).toBe(201);
  const { version } = (await response.json()) as { version: number };
  await bankFetch(
    `${bank.urls['queries-bank-api']}/v1/accounts/${accountId}/history?minVersion=${version}`,
  );
  const { code, output } = await replay();
  expect(output).toContain(verdict(3));
  expect(output).toMatch(/account \d+, balance: expected/);
  expect(output).toMatch(/account \d+, history: expected nothing/);
  expect(output).toMatch(/account \d+, log: expected nothing/);
  expect(code).toBe(1);
});

async function anAccount(): Promise<string> {
  const queries = bank.urls['queries-bank-api'];
  const listed = await bankFetch(`${queries}/v1/persons?limit=100`);
  const persons = (await listed.json()) as { items: { personId: string; familyName: string }[] };
  const owner = persons.items.find(({ familyName }) => familyName === '3')?.personId;
  const owned = await bankFetch(`${queries}/v1/accounts?ownerId=${owner}`);
  const { items } = (await owned.json()) as { items: { accountId: string }[] };
  return items[0]?.accountId ?? '';
}
