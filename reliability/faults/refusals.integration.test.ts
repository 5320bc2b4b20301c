import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusalsAnswer, type RefusalsAnswer } from '../../contracts/account/queries.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { readReceipt, receiptFault } from '../../proofs/receipt.ts';
import { readPublicKey } from '../../proofs/signed-state.ts';
import { readKeyFile, verifyAccountFile } from '../../proofs/verify-files.ts';
import { bankUnderTest, violationsWithin, type BankUnderTest } from './bank-under-test.ts';
import { patientSend, type Reply } from './patient-send.ts';
import { viewOf } from './verdict.ts';
import { bankFetch } from './bank-fetch.ts';

const PATIENCE_MS = 20_000;

let house: BankUnderTest;
jest.setTimeout(180_000);
beforeAll(async () => {
  house = await bankUnderTest();
});
afterAll(() => house.close());

const send = (path: string, key: string, body: object, method = 'POST'): Promise<Reply> =>
  patientSend(method, `${house.commandUrl}${path}`, key, body);

async function recorded(account: string, cursor = ''): Promise<RefusalsAnswer> {
  const path = `/v1/accounts/${account}/refusals?limit=3${cursor}`;
  const response = await bankFetch(`${house.queryUrl}${path}`);
  return refusalsAnswer.parse(await response.json());
}

async function allRecorded(account: string): Promise<RefusalsAnswer['items']> {
  const items: RefusalsAnswer['items'] = [];
  for (let cursor = ''; ;) {
    const page = await recorded(account, cursor);
    items.unshift(...page.items.reverse());
    if (page.nextCursor === null) return items;
    cursor = `&cursor=${page.nextCursor}`;
  }
}

test('records of refusals survive kills of the actor host and are in the log', async () => {
  const [account] = (await house.openAccounts(1)) as [string];
  const path = `/v1/accounts/${account}`;
  const on = await send(`${path}/refusal-recording`, 'on', { recordRefusals: true }, 'PUT');
  expect(on).toMatchObject({ status: 200, body: { version: 3 } });
  const order = { amount: '501.00', description: 'Wunderkontrolle' };
  const answered: string[] = [];
  const refuse = async (key: string): Promise<void> => {
    const { status, body } = await send(`${path}/withdrawals`, key, order);
    expect([status, body]).toMatchObject([422, { code: 'insufficient-funds', shortfall: '1.00' }]);
    answered.push(String(body['refusalId']));
  };
  await refuse('plain');
  // Nothing is written, then the answer is lost although it was: both are decided again.
  for (const point of ['before', 'after']) {
    house.planCrash(`actor:${point}-commit command-refused`);
    await refuse(`crash-${point}`);
    expect(house.isCrashPlanned()).toBe(false);
  }
  const ids = ['1', '2', '4'].map((version) => `refusal/${account}/${version}`);
  expect(answered).toEqual(ids);
  for (let at = 0; at < 4; at += 1) await refuse(`more-${at}`);

  const missing = await violationsWithin(PATIENCE_MS, async () =>
    (await recorded(account)).recorded === 8 ? [] : ['records are missing'],
  );
  expect(missing).toEqual([]);
  const items = await allRecorded(account);
  expect(items.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(answered.every((id) => items.some((item) => item.id === id))).toBe(true);
  const keys = items.map(({ data }) => data.command.commandId);
  expect(keys).toEqual(
    ['plain', 'crash-before', 'crash-after', 'crash-after'].concat(
      [0, 1, 2, 3].map((at) => `more-${at}`),
    ),
  );
  expect(JSON.stringify(items)).not.toContain(order.description);
  const positions = items.map(({ position }) => position);
  expect([...positions].sort((a, b) => a - b)).toEqual(positions);
  for (const { data } of items) {
    expect(data.seen).toMatchObject({ version: 3, balance: { available: '500.00' } });
  }
});

test('each record has a receipt that the public key proves, a forged one has none', async () => {
  const [account] = (await house.openAccounts(1)) as [string];
  const path = `/v1/accounts/${account}`;
  await send(`${path}/refusal-recording`, 'on-3', { recordRefusals: true }, 'PUT');
  await send(`${path}/withdrawals`, 'proven', { amount: '900.00' });
  const read = async (from: string): Promise<Record<string, unknown>> =>
    (await (await bankFetch(`${house.queryUrl}${from}`)).json()) as Record<string, unknown>;
  const missing = await violationsWithin(PATIENCE_MS, async () =>
    (await recorded(account)).recorded === 1 ? [] : ['the record is missing'],
  );
  expect(missing).toEqual([]);
  const key = readPublicKey(String((await read('/v1/audit/public-key'))['publicKey']));
  const receipt = readReceipt(await read(`${path}/refusals/1/receipt`));
  if (isFault(receipt)) throw new Error(receipt.detail);
  expect(receiptFault(receipt, key)).toBeUndefined();
  expect(receipt.event).toMatchObject({
    id: `refusal/${account}/1`,
    data: { refusal: { code: 'insufficient-funds', shortfall: '400.00' } },
  });
  const event = { ...receipt.event, data: { refusal: { code: 'account-frozen' } } };
  expect(receiptFault({ ...receipt, event }, key)).toMatchObject({ fault: 'entry-differs' });
});

test('all records are exported with a proof, and a file of less of them is refused', async () => {
  const [account, quiet] = (await house.openAccounts(2)) as [string, string];
  const path = `/v1/accounts/${account}`;
  await send(`${path}/refusal-recording`, 'on-4', { recordRefusals: true }, 'PUT');
  for (let at = 0; at < 4; at += 1) {
    await send(`${path}/withdrawals`, `lacking-${at}`, { amount: '900.00' });
  }
  const missing = await violationsWithin(PATIENCE_MS, async () =>
    (await recorded(account)).recorded === 4 ? [] : ['records are missing'],
  );
  expect(missing).toEqual([]);
  const textOf = async (from: string): Promise<string> => {
    const response = await bankFetch(`${house.queryUrl}${from}`);
    expect([from, response.status]).toEqual([from, 200]);
    return response.text();
  };
  const folder = mkdtempSync(join(tmpdir(), 'refusals-export-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const key = readKeyFile(file('bank.pub', await textOf('/v1/audit/public-key')));
  const verified = async (text: string, logPath?: string): Promise<[boolean, string]> => {
    const path = file('export.ndjson', text);
    const { isProven, lines } = await verifyAccountFile(path, key, logPath, () => undefined);
    return [isProven, lines.join(' ')];
  };
  const whole = await textOf(`${path}/refusals/export`);
  const { state } = JSON.parse(whole.split('\n', 1)[0]!) as { state: { txId: number } };
  const log = file('log.ndjson', await textOf(`/v1/audit/log?toTx=${state.txId}`));
  const all = /4 recorded REFUSALS .* The log has exactly versions 1 to 4/;
  expect(await verified(whole, log)).toEqual([true, expect.stringMatching(all)]);
  const lines = whole.trimEnd().split('\n');
  const less = lines.toSpliced(2, 1).join('\n');
  expect(await verified(less)).toEqual([false, expect.stringMatching(/Version 2 is missing/)]);
  const swapped = [lines[0], ...(await textOf(`${path}/export`)).split('\n').slice(1)].join('\n');
  expect(await verified(swapped)).toEqual([false, expect.stringMatching(/belongs to acct/)]);

  const events = (await recorded(account)).items;
  const since = encodeURIComponent(events[0]!.at);
  const [fromLast] = await verified(await textOf(`${path}/refusals/export?from=${since}`));
  const before = await verified(await textOf(`${path}/refusals/export?to=2020-01-01T00:00:00Z`));
  expect([fromLast, before]).toEqual([
    true,
    [true, expect.stringMatching(/NOT proven.* every refusal before/)],
  ]);
  const none = await verified(await textOf(`/v1/accounts/${quiet}/refusals/export`));
  expect(none).toEqual([true, expect.stringMatching(/shows no recorded REFUSALS/)]);
  rmSync(folder, { recursive: true });
});

test('who follows the log is not stopped by them', async () => {
  const [account] = (await house.openAccounts(1)) as [string];
  const path = `/v1/accounts/${account}`;
  await send(`${path}/refusal-recording`, 'on-2', { recordRefusals: true }, 'PUT');
  for (let at = 0; at < 20; at += 1) {
    await send(`${path}/withdrawals`, `w-${at}`, { amount: '900.00' });
    await send(`${path}/deposits`, `d-${at}`, { amount: '1.00' });
  }
  const response = await bankFetch(`${house.queryUrl}${path}?minVersion=23`);
  expect([response.status, await response.json()]).toMatchObject([
    200,
    { version: 23, recordRefusals: true, balance: { ledger: '520.00' } },
  ]);
  const { events } = await viewOf(house.queryUrl, account);
  expect(events).toHaveLength(23);
  expect(await allRecorded(account)).toHaveLength(20);
  for (const name of Object.keys(house.bank.urls)) {
    const ready = await fetch(`${house.bank.urls[name]}/health/ready`);
    expect([name, ready.status]).toEqual([name, 200]);
  }
});
