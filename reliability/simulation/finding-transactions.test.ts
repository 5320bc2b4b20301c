import { OWNER, testHost, testLog } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { memoryJournal } from '../../bank-account-actor/journal/memory-journal.ts';
import { TESTER } from '../../contracts/access/sender-for-tests.ts';
import type { CommandBody } from '../../contracts/account/commands.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { ListedTransaction } from '../../contracts/transfer/queries.ts';
import { planTransaction } from '../../core-bank-api/transactions.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { commandId } from '../../domain/ids.ts';
import { seededBelow } from '../../platform/seeded-random.ts';
import { readSideOf } from './read-side-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const below = seededBelow(seed);
const ACCOUNTS = 4;
const TRANSACTIONS = 150;
const DEPOSIT = 30;
const QUESTIONS = 120;
const one = <Value>(values: readonly Value[]): Value => values[below(values.length)]!;

/** A transaction as the test sent it, that the bank says it did. */
interface Sent {
  readonly key: string;
  readonly reference: string | undefined;
  readonly accounts: ReadonlySet<string>;
  readonly transfers: number;
}

/** Random transactions of accounts that soon have nothing, and what a naive ledger says of them. */
async function lived() {
  const events: BankEvent[] = [];
  const onPublish = (some: readonly BankEvent[]): void => void events.push(...some);
  const host = await testHost(memoryJournal(), testLog(), { onPublish });
  const ids = Array.from({ length: ACCOUNTS }, (_none, at) => accountIdOfSerial(BigInt(at + 1))!);
  const ledgers = new Map<string, number>();
  for (const accountId of ids) {
    const terms = { ownerId: OWNER, currency: 'CZK', initialDeposit: `${DEPOSIT}.00` };
    const command = { type: 'open-account', ...terms } as CommandBody;
    await host.execute([{ accountId, commandId: commandId(`open-${accountId}`), command }]);
    ledgers.set(accountId, DEPOSIT);
  }
  const sent: Sent[] = [];
  let refused = 0;
  for (let count = 0; count < TRANSACTIONS; count += 1) {
    const transfers = Array.from({ length: 1 + below(4) }, () => {
      const fromAccountId = one(ids);
      const toAccountId = one(ids.filter((id) => id !== fromAccountId));
      return { fromAccountId, toAccountId, amount: `${1 + below(25)}.00` };
    });
    const reference = one([undefined, 'rent', 'payroll']);
    const key = commandId(`k-${count}`);
    const terms = { transfers, ...(reference === undefined ? {} : { reference }) };
    const { commands, batch } = planTransaction(terms, TESTER, key, {});
    const results = await host.execute(commands, { atomic: true, batch });
    const after = new Map(ledgers);
    const isDone = transfers.every(({ fromAccountId, toAccountId, amount }) => {
      const [from, to] = [after.get(fromAccountId)!, after.get(toAccountId)!];
      after.set(fromAccountId, from - Number(amount)).set(toAccountId, to + Number(amount));
      return from >= Number(amount);
    });
    expect([key, results.every(({ ok }) => ok)]).toEqual([key, isDone]);
    if (!isDone) {
      refused += 1;
      continue;
    }
    for (const [id, ledger] of after) ledgers.set(id, ledger);
    const all = transfers.flatMap((leg) => [leg.fromAccountId, leg.toAccountId]);
    const accounts = new Set<string>(all);
    sent.push({ key, reference, accounts, transfers: transfers.length });
  }
  const due = 2 * ACCOUNTS + sent.reduce((sum, { transfers }) => sum + 2 * transfers, 0);
  while (events.length < due) await new Promise((done) => setTimeout(done, 10));
  return { events: events as LoggedEvent[], ids, ledgers, sent, refused };
}

test(`transactions do what a naive ledger does, and are found (SEED=${seed})`, async () => {
  const { events, ids, ledgers, sent, refused } = await lived();
  expect(Math.min(sent.length, refused)).toBeGreaterThan(10);
  for (const [id, ledger] of ledgers) {
    const last = events.findLast(({ stream }) => stream === `acct/${id}`);
    expect([id, last?.data.balance.ledger]).toEqual([id, `${ledger}.00`]);
  }
  const entries = events.map((event, at) => ({ event, position: 65_536 * (at + 1) + 1 }));
  const { get } = await readSideOf(entries, { seed, below });
  const newestFirst = sent.toReversed();
  const counts = { accountId: 0, reference: 0, idempotencyKey: 0, none: 0 };
  for (let count = 0; count < QUESTIONS; count += 1) {
    const maybe = <Value>(value: Value): Value | undefined => one([value, undefined, undefined]);
    const query = {
      accountId: maybe(one(ids) as string),
      reference: maybe(one(['rent', 'payroll', 'nobody has it'])),
      idempotencyKey: maybe(one(sent).key),
    };
    const wanted = newestFirst.filter(
      (item) =>
        (query.accountId === undefined || item.accounts.has(query.accountId)) &&
        (query.reference ?? item.reference) === item.reference &&
        (query.idempotencyKey ?? item.key) === item.key,
    );
    const found = await get<ListedTransaction>('/v1/transactions', query);
    const told = found.map(({ idempotencyKey, reference, transfers }) => ({
      key: idempotencyKey,
      reference,
      transfers,
    }));
    const due = wanted.map(({ key, reference, transfers }) => ({ key, reference, transfers }));
    expect({ query, told }).toEqual({ query, told: due });
    const names = Object.entries(query).flatMap(([name, value]) => (value ? [name] : []));
    for (const name of names.length === 0 ? ['none'] : names) {
      if (found.length > 0) counts[name as keyof typeof counts] += 1;
    }
  }
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
}, 60_000);
