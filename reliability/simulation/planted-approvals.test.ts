import {
  ACCOUNT,
  deposit,
  open,
  testHost,
  testLog,
  virtualClock,
} from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { memoryJournal } from '../../bank-account-actor/journal/memory-journal.ts';
import { byOf, EVERY_OWNER } from '../../contracts/access/principal.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { Currency } from '../../domain/currency.ts';
import type { ApprovalId } from '../../domain/ids.ts';
import { minor } from '../../domain/money.ts';
import { createAuditBooks } from '../../event-source/audit/books.ts';
import { hashedLog } from '../../event-source/audit/hashed-log-for-tests.ts';
import { GENESIS_KEY } from '../../event-source/immudb/log-end.ts';
import { isTestSigned } from '../../platform/signer-for-tests.ts';

const teller = (subject: string): string =>
  byOf({ client: 'desk', subject, roles: ['teller'], strength: 'multi-factor' });
const [ANNA, BEN] = [teller('anna'), teller('ben')];
const FOUR_EYES = {
  amounts: new Map([['CZK' as Currency, minor(10_000n)]]),
  acts: new Set([] as const),
  waitMs: 60_000,
};

/** What the bank writes of a deposit that was approved: its transactions. */
async function approvedDeposit(): Promise<BankEvent[][]> {
  const { clock, pass } = virtualClock();
  const events: BankEvent[] = [];
  const onPublish = (some: readonly BankEvent[]): void => void events.push(...some);
  const options = { clock, fourEyes: FOUR_EYES, onPublish };
  const host = await testHost(memoryJournal(), testLog(), options);
  const sender = { by: ANNA, owner: EVERY_OWNER, mayWait: true };
  await host.execute([open('open')], sender);
  const [asked] = await host.execute([deposit('big', '500.00')], sender);
  const { approvalId } = (asked as unknown as { refusal: { approvalId: ApprovalId } }).refusal;
  await host.decide(approvalId, { by: BEN });
  await pass(5_000);
  const [opened, requested, made, granted] = events as [BankEvent, BankEvent, BankEvent, BankEvent];
  return [[opened], [requested], [made, granted]];
}

type Change = (event: BankEvent, txs: readonly (readonly BankEvent[])[]) => object;
interface Plan {
  readonly requested?: Change;
  readonly made?: Change;
  readonly granted?: Change;
  /** What the last transaction has. */
  readonly last?: (made: BankEvent, granted: BankEvent) => readonly BankEvent[];
}

/** What the audit finds when the bank had written that instead, rightly hashed and signed. */
async function found({ requested, made, granted, last }: Plan): Promise<string[]> {
  const txs = await approvedDeposit();
  const [[opened], [asks], [does, grants]] = txs as [[BankEvent], [BankEvent], BankEvent[]];
  const changed = (event: BankEvent, change: Change = (same) => same) =>
    change(event, txs) as BankEvent;
  const first = changed(asks, requested);
  const prev = eventDigest(canonicalJson(first));
  const end = [
    changed(does!, made),
    changed(
      { ...grants!, prev, stream: first.stream, id: `${first.stream}/2` } as BankEvent,
      granted,
    ),
  ] as const;
  const [log, books] = [hashedLog(), createAuditBooks(isTestSigned)];
  books.take(log.add({ key: GENESIS_KEY, value: Buffer.from('{}') }));
  const take = (...events: readonly BankEvent[]): string[] =>
    books.take(log.append(...events)).map(({ kind, detail }) => `${kind}: ${detail}`);
  return [...take(opened), ...take(first), ...take(...(last?.(...end) ?? end))];
}

const expiryIn = (asks: readonly BankEvent[] = []): string =>
  (asks[0] as unknown as { data: { expiresAt: string } }).data.expiresAt;
const alone = <Event extends BankEvent>({ joint: _joint, ...event }: Event) => event as Event;
const data = (more: object) => (event: BankEvent) => ({
  ...event,
  data: { ...event.data, ...more },
});
const withMembers = (more: object) => (event: BankEvent) => ({ ...event, ...more });

test('given a deposit that was approved, then the audit finds nothing', async () => {
  expect(await found({})).toEqual([]);
});

test.each<[what: string, plan: Plan, sentence: RegExp]>([
  [
    'by who asked for it',
    { made: withMembers({ approvedBy: ANNA }), granted: withMembers({ by: ANNA }) },
    /who decided it may not: same-person/,
  ],
  [
    'by somebody who may not',
    {
      made: withMembers({ approvedBy: BEN.replace('teller', 'auditor') }),
      granted: withMembers({ by: BEN.replace('teller', 'auditor') }),
    },
    /who decided it may not: forbidden/,
  ],
  [
    'by a system',
    {
      made: withMembers({ approvedBy: BEN.replace('multi-factor', 'client') }),
      granted: withMembers({ by: BEN.replace('multi-factor', 'client') }),
    },
    /who decided it may not: forbidden/,
  ],
  [
    'by another one than the event says',
    { made: withMembers({ approvedBy: teller('cora') }) },
    /not of one command and one sender/,
  ],
  [
    'and does not say so',
    {
      made: ({ approvalId: _id, approvedBy: _by, ...event }) => event,
    },
    /not of one command and one sender|made 2 events/,
  ],
  [
    'after its time',
    {
      granted: (event, [, asks]) => ({ ...event, at: expiryIn(asks) }),
    },
    /its time was up/,
  ],
  ['without an approval', { made: alone, last: (made) => [made] }, /its approval is not there/],
  [
    'without the deposit',
    { granted: alone, last: (_made, granted) => [granted] },
    /its command made no event/,
  ],
  [
    'of another amount',
    {
      made: data({
        amount: '600.00',
        balance: { ledger: '600.00', held: '0.00', available: '600.00' },
      }),
    },
    /another amount was approved/,
  ],
  [
    'of another request',
    { requested: data({ asked: { type: 'deposit', amount: '5.00' } }) },
    /it has the hash of another command/,
  ],
  [
    'about another account',
    { requested: data({ about: `acct/${ACCOUNT.slice(0, -1)}2` }) },
    /approval .* does not follow from its command/,
  ],
  ['of another sender', { requested: withMembers({ by: teller('cora') }) }, /another command was/],
])('given one %s, then the audit says so', async (_what, plan, sentence) => {
  const all = await found(plan);
  expect(all.filter((one) => sentence.test(one))).not.toEqual([]);
});
