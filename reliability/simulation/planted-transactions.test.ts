import { OWNER, testHost, testLog } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { memoryJournal } from '../../bank-account-actor/journal/memory-journal.ts';
import { byOf } from '../../contracts/access/principal.ts';
import { TESTER } from '../../contracts/access/sender-for-tests.ts';
import type { CommandBody } from '../../contracts/account/commands.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { jointStreamsOf, type BankEvent } from '../../contracts/log/bank-events.ts';
import { planTransaction } from '../../core-bank-api/transactions.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { commandId, type AccountId } from '../../domain/ids.ts';
import { createAuditBooks } from '../../event-source/audit/books.ts';
import { hashedLog } from '../../event-source/audit/hashed-log-for-tests.ts';
import { GENESIS_KEY } from '../../event-source/immudb/log-end.ts';
import { isTestSigned } from '../../platform/signer-for-tests.ts';

const ANNA = byOf({
  client: 'desk',
  subject: 'anna',
  roles: ['teller'],
  strength: 'multi-factor',
});
const [A, B, C, D] = [1n, 2n, 3n, 4n].map((serial) => accountIdOfSerial(serial)!) as [
  AccountId,
  AccountId,
  AccountId,
  AccountId,
];

/** What the bank writes: four openings, and A pays B, who pays C, and D pays A. */
async function written(): Promise<{ openings: BankEvent[]; parts: BankEvent[] }> {
  const events: BankEvent[] = [];
  const onPublish = (some: readonly BankEvent[]): void => void events.push(...some);
  const host = await testHost(memoryJournal(), testLog(), { onPublish });
  for (const [at, accountId] of [A, B, C, D].entries()) {
    const terms = { ownerId: OWNER, currency: 'CZK', initialDeposit: '10.00' };
    const command = { type: 'open-account', ...terms } as CommandBody;
    await host.execute([{ accountId, commandId: commandId(`open-${at}`), command }]);
  }
  const leg = (fromAccountId: AccountId, toAccountId: AccountId, amount: string) => ({
    fromAccountId,
    toAccountId,
    amount,
  });
  const transfers = [leg(A, B, '10.00'), leg(B, C, '20.00'), leg(D, A, '1.00')];
  const plan = planTransaction({ transfers, reference: 'r' }, TESTER, commandId('k'), {});
  const results = await host.execute(plan.commands, { atomic: true, batch: plan.batch });
  expect(results.map(({ ok }) => ok)).toEqual([true, true, true]);
  while (events.length < 14) await new Promise((done) => setTimeout(done, 10));
  return { openings: events.slice(0, 8), parts: events.slice(8) };
}

/** What the audit finds when the bank had written that instead, rightly hashed and signed. */
async function found(change: (parts: BankEvent[]) => readonly BankEvent[][]): Promise<string[]> {
  const { openings, parts } = await written();
  const [log, books] = [hashedLog(), createAuditBooks(isTestSigned)];
  books.take(log.add({ key: GENESIS_KEY, value: Buffer.from('{}') }));
  const ends = new Map<string, string>();
  const take = (events: readonly BankEvent[]): string[] => {
    const chained = events.map((event) => {
      const prev = ends.get(event.stream);
      const next = { ...event, ...(prev === undefined ? {} : { prev }) } as BankEvent;
      ends.set(event.stream, eventDigest(canonicalJson(next)));
      return next;
    });
    return books.take(log.append(...chained)).map(({ kind, detail }) => `${kind}: ${detail}`);
  };
  for (let at = 0; at < 8; at += 2) expect(take(openings.slice(at, at + 2))).toEqual([]);
  return change(parts).flatMap(take);
}

const isOf = (event: BankEvent, id: AccountId): boolean => event.stream === `acct/${id}`;
const data = (event: BankEvent, more: object): BankEvent =>
  ({ ...event, data: { ...event.data, ...more } }) as BankEvent;
const joint = (event: BankEvent, more: object | undefined): BankEvent => {
  const { joint: old, ...rest } = event;
  return { ...rest, ...(more && { joint: { ...old, ...more } }) } as BankEvent;
};
const termsOf = (first: BankEvent) =>
  (first.data as { transaction: { transferIds: string[] } }).transaction;

test('given a transaction, then the audit finds nothing', async () => {
  expect(await found((parts) => [parts])).toEqual([]);
});

test('given its streams in another order, then the audit finds nothing', async () => {
  const byStream = (parts: BankEvent[]): BankEvent[] =>
    [D, C, B, A].flatMap((id) => parts.filter((event) => isOf(event, id)));
  expect(await found((parts) => [byStream(parts)])).toEqual([]);
});

test('each part tells enough to find all others', async () => {
  const { parts } = await written();
  const all = new Set(parts.map(({ stream }) => stream));
  for (const part of parts) {
    const known = new Set<string>([part.stream]);
    for (let size = 0; size < known.size;) {
      size = known.size;
      for (const one of parts.filter(({ stream }) => known.has(stream))) {
        for (const other of jointStreamsOf(one)) known.add(other);
      }
    }
    expect(known).toEqual(all);
  }
});

test.each<[string, RegExp, (parts: BankEvent[]) => readonly BankEvent[][]]>([
  [
    'a part in a transaction of the log of its own',
    /has 4 of the 6 events/,
    (parts) => [parts.slice(0, 4), parts.slice(4)],
  ],
  [
    'the last transfer left out, and the number of events made to fit',
    /not those that it tells/,
    (parts) => [parts.slice(0, 4).map((event) => joint(event, { events: 4 }))],
  ],
  [
    'its transfers as transfers of their own',
    /stands alone/,
    (parts) =>
      [parts.slice(0, 2), parts.slice(2, 4), parts.slice(4)].map((two) =>
        two.map((event) => joint(event, undefined)),
      ),
  ],
  [
    'another order of its transfers',
    /not those that it tells/,
    ([first, ...rest]) => {
      const transferIds = termsOf(first!).transferIds.toReversed();
      return [[data(first!, { transaction: { ...termsOf(first!), transferIds } }), ...rest]];
    },
  ],
  [
    'nothing that tells what belongs to it',
    /not one of its transfers tells/,
    ([first, ...rest]) => [[data(first!, { transaction: undefined }), ...rest]],
  ],
  [
    'two that tell what belongs to it',
    /not one of its transfers tells/,
    (parts) => [
      parts.map((one, at) => (at === 2 ? data(one, { transaction: termsOf(parts[0]!) }) : one)),
    ],
  ],
  [
    'a part of another transaction',
    /not all events are of it/,
    (parts) => [parts.map((one, at) => (at > 3 ? data(one, { transactionId: OTHER }) : one))],
  ],
  [
    'a part of another sender',
    /not all events are of it/,
    (parts) => [parts.map((one, at) => (at > 3 ? ({ ...one, by: ANNA } as BankEvent) : one))],
  ],
  [
    'an id that does not follow from its key',
    /not all events are of it/,
    (parts) => [parts.map((one) => data(one, { transactionId: OTHER }))],
  ],
  [
    'another key',
    /not all events are of it/,
    (parts) => [parts.map((one) => ({ ...one, causationId: 'other' }) as BankEvent)],
  ],
])('given %s, then the audit finds it', async (_name, detail, change) => {
  const findings = await found(change);
  expect(findings.join('\n')).toMatch(detail);
});

const OTHER = '00000000-0000-8001-9758-35de1c9756ce';
