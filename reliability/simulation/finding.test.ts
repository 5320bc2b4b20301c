import type { HoldsAnswer, ListedAccount } from '../../contracts/account/queries.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { ListedTransfer } from '../../contracts/transfer/queries.ts';
import { STEPS, type Step } from '../../domain/commands-for-tests.ts';
import { currencyOf } from '../../domain/currency.ts';
import { formatAmount, minor, readAmount } from '../../domain/money.ts';
import { logForTests } from '../../projections/events-for-tests.ts';
import { seededBelow } from '../../platform/seeded-random.ts';
import { readSideOf } from './read-side-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const ACCOUNTS = 4;
const LIVES = 20;
const STEPS_OF_A_LIFE = 400;
const QUESTIONS = 40;
const below = seededBelow(seed);
const one = <Value>(values: readonly Value[]): Value => values[below(values.length)]!;

/** What a random life made of the bank, in its log and behind its query API. */
async function lived() {
  const log = logForTests({ firstSerial: 1_000, currencies: ['CZK', 'EUR'] });
  for (let account = 0; account < ACCOUNTS; account += 1) log.open(log.id(account));
  for (let count = 0; count < STEPS_OF_A_LIFE; count += 1) {
    const step: Step = {
      account: below(ACCOUNTS + 1),
      kind: below(STEPS.length),
      amount: BigInt(1 + below(500)),
      pick: below(1_000),
      minutes: below(90),
    };
    log.step(step);
  }
  return { log, ...(await readSideOf(log.entries, { seed, below })) };
}
type Life = Awaited<ReturnType<typeof lived>>;

/** The transfers that the events tell of, newest first; the statement of the test, not the bank. */
function transfersIn({ log }: Life): ListedTransfer[] {
  const found: ListedTransfer[] = [];
  for (const { event } of log.entries) {
    const { type, data, at, stream } = event;
    if (type === 'transfer-sent' || type === 'transfer-reserved') {
      const {
        balance: _balance,
        otherAccountId,
        reversesTransferId,
        ...terms
      } = {
        reversesTransferId: undefined,
        ...data,
      };
      found.push({
        ...terms,
        ...(reversesTransferId === undefined ? {} : { reverses: reversesTransferId }),
        fromAccountId: stream.slice(5) as never,
        toAccountId: otherAccountId,
        status: type === 'transfer-sent' ? 'completed' : 'pending',
        idempotencyKey: event.commandId,
        at,
      });
    }
    if (type !== 'transfer-captured' && type !== 'transfer-released') continue;
    const place = found.findIndex(({ transferId }) => transferId === data.transferId);
    const end =
      type === 'transfer-captured'
        ? { status: 'completed' as const, captured: data.amount }
        : { status: data.reason };
    found[place] = { ...found[place]!, ...end, endedAt: at };
  }
  return found.toReversed();
}

const lives = Array.from({ length: LIVES }, lived);
afterAll(() => Promise.all(lives));

test(`transfers are found by any filters, newest first, SEED=${seed}`, async () => {
  const counts: Record<string, number> = {};
  for (const life of await Promise.all(lives)) {
    const all = transfersIn(life);
    // A life in which all are frozen or poor has none.
    if (all.length === 0) continue;
    for (let count = 0; count < QUESTIONS; count += 1) {
      const some = one(all);
      const maybe = <Value>(value: Value): Value | undefined => one([value, undefined, undefined]);
      const query = {
        accountId: maybe(one([some.fromAccountId, some.toAccountId, life.log.id(9)])),
        status: maybe(one(['pending', 'completed', 'voided', 'expired'])),
        reference: maybe(one([some.reference, 'inv-1', 'nobody has it'])),
        idempotencyKey: maybe(some.idempotencyKey),
        from: maybe(some.at),
        to: maybe(new Date(Date.parse(some.at) + 60_000 * below(3_000) + 1).toISOString()),
      };
      const { accountId, from, to } = query;
      const isWanted = (item: ListedTransfer): boolean =>
        (accountId === undefined ||
          [item.fromAccountId, item.toAccountId].includes(accountId as never)) &&
        (query.status ?? item.status) === item.status &&
        (query.reference ?? item.reference) === item.reference &&
        (query.idempotencyKey ?? item.idempotencyKey) === item.idempotencyKey &&
        (from === undefined || item.at >= from) &&
        (to === undefined || item.at < to);
      if (from !== undefined && to !== undefined && from >= to) continue;
      const found = await life.get<ListedTransfer>('/v1/transfers', query);
      const wanted = all.filter(isWanted);
      expect({ query, found }).toEqual({ query, found: wanted });
      for (const [name, value] of Object.entries(query)) {
        if (value !== undefined && found.length > 0) counts[name] = (counts[name] ?? 0) + 1;
      }
    }
  }
  expect(Object.keys(counts).toSorted()).toEqual(
    ['accountId', 'from', 'idempotencyKey', 'reference', 'status', 'to'].toSorted(),
  );
}, 120_000);
test('accounts are found by what they are now, each once', async () => {
  let found = 0;
  for (const life of await Promise.all(lives)) {
    const accounts = [...life.log.accounts].flatMap(([id, account]) =>
      account.status === 'none' ? [] : [{ id, ...account }],
    );
    for (const query of [
      ...['open', 'frozen', 'closed'].map((status) => ({ status })),
      ...['CZK', 'EUR', 'JPY'].map((currency) => ({ currency })),
      ...['Everyday', 'K', 'Savings', 'Nobody'].map((name) => ({ name })),
      { 'metadata.branch': 'Brno' },
      { 'metadata.a.b': '2' },
      { name: 'K', 'metadata.branch': 'Brno', currency: 'CZK' },
      { name: 'Savings', status: 'open' },
      { kind: 'internal' },
      { kind: 'customer', currency: 'EUR' },
      { code: '100' },
      { kind: 'internal', code: '101', status: 'open' },
    ] as Record<string, string>[]) {
      const listed = await life.get<ListedAccount>('/v1/accounts', query);
      const wanted = accounts.filter((account) =>
        Object.entries(query).every(([name, value]) =>
          name.startsWith('metadata.')
            ? account.metadata?.[name.slice('metadata.'.length)] === value
            : (name === 'kind' ? (account.kind ?? 'customer') : account[name as 'name']) === value,
        ),
      );
      found += listed.length;
      expect([query, listed.map(({ accountId }) => accountId).toSorted()]).toEqual([
        query,
        wanted.map(({ id }) => id).toSorted(),
      ]);
    }
  }
  expect(found).toBeGreaterThan(LIVES);
});

test('an owner has the sums of what the accounts have, now and at any time', async () => {
  let pasts = 0;
  for (const { log, ask } of await Promise.all(lives)) {
    const events = log.entries.map(({ event }) => event);
    const last = Date.parse(events.at(-1)!.at);
    const times = Array.from({ length: 5 }, () => Date.parse(one(events).at) - below(2));
    for (const time of [undefined, ...times]) {
      if (time !== undefined && time > Date.now()) continue;
      const sums = new Map<string, Map<string, Sums>>();
      const ends = new Map<string, LoggedEvent>();
      for (const event of events) {
        if (Date.parse(event.at) <= (time ?? last)) ends.set(event.stream, event);
      }
      for (const { stream, data } of ends.values()) {
        const account = log.accounts.get(stream.slice(5) as never)!;
        if (account.status === 'none') throw new Error('an event of no account');
        if (account.ownerId === undefined) continue;
        const own = sums.get(account.ownerId) ?? new Map<string, Sums>();
        const { accounts, ...before } = own.get(data.currency) ?? NO_SUMS;
        const add = (member: keyof typeof before) =>
          before[member] + readAmount(data.balance[member], account.currency);
        const sum = { ledger: add('ledger'), held: add('held'), available: add('available') };
        sums.set(account.ownerId, own.set(data.currency, { accounts: accounts + 1, ...sum }));
      }
      for (const [ownerId, own] of sums) {
        const at = time === undefined ? {} : { at: new Date(time).toISOString() };
        const { body } = await ask('/v1/balances', { ownerId, ...at });
        expect(body).toEqual({
          ownerId,
          ...at,
          items: [...own]
            .toSorted(([code], [other]) => (code < other ? -1 : 1))
            .map(([code, { accounts, ...sum }]) => ({
              currency: code,
              accounts,
              ...Object.fromEntries(
                Object.entries(sum).map(([name, units]) => [
                  name,
                  formatAmount(minor(units), currencyOf(code)!),
                ]),
              ),
            })),
        });
        if (time !== undefined) pasts += 1;
      }
    }
  }
  expect(pasts).toBeGreaterThan(LIVES);
});

interface Sums {
  readonly accounts: number;
  readonly ledger: bigint;
  readonly held: bigint;
  readonly available: bigint;
}
const NO_SUMS: Sums = { accounts: 0, ledger: 0n, held: 0n, available: 0n };

test('holds are found by their status', async () => {
  const counts = { open: 0, captured: 0, voided: 0, expired: 0 };
  for (const life of await Promise.all(lives)) {
    for (const [id, account] of life.log.accounts) {
      if (account.status === 'none') continue;
      const of = (status?: string) =>
        life.get<HoldsAnswer['items'][number]>(`/v1/accounts/${id}/holds`, { status });
      const open = await of();
      expect(await of('open')).toEqual(open);
      expect(open).toMatchObject(
        account.holds
          .map(({ holdId, amount, placedAt, description, reference, expiresAt }) => ({
            holdId,
            status: 'open',
            amount: formatAmount(amount, account.currency),
            at: placedAt,
            ...(description === undefined ? {} : { description }),
            ...(reference === undefined ? {} : { reference }),
            ...(expiresAt === undefined ? {} : { expiresAt }),
          }))
          .toReversed(),
      );
      counts.open += open.length;
      for (const status of ['captured', 'voided', 'expired'] as const) {
        const ended = await of(status);
        counts[status] += ended.length;
        const wanted = life.log.entries.filter(
          ({ event }) => event.stream === `acct/${id}` && event.type === `hold-${status}`,
        );
        expect(ended.map(({ version }) => version)).toEqual(
          wanted.map(({ event }) => event.version).toReversed(),
        );
      }
    }
  }
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0);
});
