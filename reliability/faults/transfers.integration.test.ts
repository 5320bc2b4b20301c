import { setTimeout as sleep } from 'node:timers/promises';
import { bankUnderTest, violationsWithin, type BankUnderTest } from './bank-under-test.ts';
import { seededRandom } from '../../platform/seeded-random.ts';
import { post, startClosing, startTransfers, type Asked } from './transfer-load.ts';
import { answersAgainstLog, askAgain, lookAt } from './transfer-verdict.ts';
import { bankFetch } from './bank-fetch.ts';

const CLIENTS = 12;
/** The promise: so soon after a fault every transfer has both legs or none. */
const END_MS_MAX = 30_000;
const CRASH_MS_MAX = 25_000;
const BETWEEN_MS = 500;
const ENOUGH_MS_MAX = 20_000;
const COMPLETED_MIN = 20;
const REJECTED_MIN = 5;
/** Of each end that a pending transfer may have. */
const ENDED_MIN = 3;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const random = seededRandom(seed);

const around = (...types: string[]): string[] =>
  types.flatMap((type) => [`actor:before-commit ${type}`, `actor:after-commit ${type}`]);
const AT_ONCE = around('transfer-sent', 'transfer-received');
const PENDING = around('transfer-reserved', 'transfer-captured', 'transfer-released');
const TO_THE_LOG = [
  'actor:after-commit',
  'actor:before-publish',
  'event-source:before-append',
  'event-source:after-append',
  'event-source:after-ack',
];
const PROGRAMS = [
  'bank-account-actor',
  'core-bank-api',
  'bank-account-actor-daprd',
  'core-bank-api-daprd',
  'event-source',
  'event-source-daprd',
  'postgres',
  'nats',
  'immudb',
  'placement',
  'ferretdb',
  'projection-balances',
  'projection-balances-daprd',
  'projection-history',
  'projection-history-daprd',
  'queries-bank-api',
  'queries-bank-api-daprd',
];

jest.setTimeout(120_000);

let house: BankUnderTest;
let ownerId: string;
beforeAll(async () => {
  house = await bankUnderTest();
  const owner = { givenName: 'Faulty', familyName: 'Transfers' };
  const registered = await post(`${house.commandUrl}/v1/persons`, owner);
  ownerId = ((await registered.json()) as { personId: string }).personId;
});
afterAll(() => house.close());

const open = async (currency: string, initialDeposit = '5000'): Promise<string> => {
  const terms = { ownerId, currency, initialDeposit };
  const response = await post(`${house.commandUrl}/v1/accounts`, terms);
  return ((await response.json()) as { accountId: string }).accountId;
};
const freeze = (id: string): Promise<Response> =>
  post(`${house.commandUrl}/v1/accounts/${id}/freeze`, {});

async function crashAt(point: string): Promise<void> {
  house.planCrash(point);
  const missed = await violationsWithin(CRASH_MS_MAX, () => {
    if (!house.isCrashPlanned()) return Promise.resolve([]);
    return Promise.resolve([`nobody came to ${point}`]);
  });
  expect(missed).toEqual([]);
}

const expires = ({ way, state }: Asked): boolean =>
  way === 'expire' && (state === 'pending' || state === 'expired');

/** Transfers between accounts of two currencies, some frozen, some closing, and faults. */
async function runTransfers(hurt: () => Promise<void>): Promise<void> {
  const { commandUrl, queryUrl } = house;
  const czk = await Promise.all(Array.from({ length: 5 }, () => open('CZK')));
  const jpy = await Promise.all([open('JPY'), open('JPY')]);
  const frozen = await Promise.all([open('CZK'), open('JPY')]);
  await Promise.all(frozen.map(freeze));
  const targets = [...czk, ...jpy, ...frozen];
  const accounts = [...targets];
  const load = startTransfers({
    commandUrl,
    random,
    targets,
    clients: CLIENTS,
    sources: [...czk, ...jpy],
  });
  const closing = startClosing({ commandUrl, targets, refuge: czk[0] as string, ownerId });
  await sleep(BETWEEN_MS);
  const count = (state: string): number => load.all.filter((asked) => asked.state === state).length;
  const isEnough = (): boolean =>
    count('completed') > COMPLETED_MIN &&
    count('rejected') > REJECTED_MIN &&
    count('voided') >= ENDED_MIN &&
    load.all.filter(expires).length >= ENDED_MIN;
  try {
    await hurt();
    // A slow machine needs longer until enough was tried to prove something.
    await violationsWithin(ENOUGH_MS_MAX, () => Promise.resolve(isEnough() ? [] : ['']));
  } finally {
    await Promise.all([load.stop(), closing.stop()]);
  }
  const { all } = load;
  const healing = performance.now();
  accounts.push(...closing.opened);
  const looked = await violationsWithin(END_MS_MAX, () => lookAt(queryUrl, accounts, false));
  const tookMs = Math.round(performance.now() - healing);
  expect(looked.slice(0, 10)).toEqual([]);
  await askAgain(commandUrl, all);
  const told = await violationsWithin(END_MS_MAX, () => answersAgainstLog(queryUrl, accounts, all));
  expect(told.slice(0, 10)).toEqual([]);
  const over = await violationsWithin(END_MS_MAX, () => lookAt(queryUrl, accounts, true));
  expect(over.slice(0, 10)).toEqual([]);
  const counts = ['completed', 'voided', 'expired', 'rejected'].map((state) => {
    return `${count(state)} ${state}`;
  });
  process.stdout.write(
    `${all.length} transfers: ${counts.join(', ')}; sound ${tookMs} ms after the load\n`,
  );
  expect(isEnough()).toBe(true);
  expect(count('expired')).toBeGreaterThanOrEqual(ENDED_MIN);
}

// First, because a program that dies again and again is started later and later.
test('a hold expires within 2 s of its time, also when the actor host dies before', async () => {
  const account = await open('CZK');
  const expiresAt = new Date(Date.now() + 4_000).toISOString();
  const terms = { amount: '10', expiresAt };
  const placed = await post(`${house.commandUrl}/v1/accounts/${account}/holds`, terms);
  expect(placed.status).toBe(201);
  house.bank.kill('bank-account-actor', 'SIGKILL');
  await sleep(Date.parse(expiresAt) - Date.now());
  let expiredAt = '';
  const late = await violationsWithin(10_000, async () => {
    const events = await bankFetch(`${house.queryUrl}/v1/accounts/${account}/events?limit=10`);
    const { items } = (await events.json()) as { items: { type: string; at: string }[] };
    expiredAt = items.find(({ type }) => type === 'hold-expired')?.at ?? '';
    return expiredAt === '' ? ['the hold has not expired'] : [];
  });
  expect(late).toEqual([]);
  expect(Date.parse(expiredAt) - Date.parse(expiresAt)).toBeLessThan(2_000);
});

describe(`every transfer has both legs or none after kill -9 (SEED=${seed})`, () => {
  test.each([
    ['transfers at once', AT_ONCE],
    ['pending transfers', PENDING],
    ['the way to the log', TO_THE_LOG],
  ])('at the points of %s', async (_name, points) => {
    await runTransfers(async () => {
      for (const point of points) await crashAt(point);
    });
  });
  test('of each program', async () => {
    await runTransfers(async () => {
      for (const program of PROGRAMS) {
        if (!house.bank.kill(program, 'SIGKILL')) throw new Error(`${program} does not run`);
        await sleep(BETWEEN_MS);
      }
    });
  });
});
