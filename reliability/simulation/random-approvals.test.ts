import fc from 'fast-check';
import {
  ACCOUNT,
  message,
  open,
  testHost,
  testLog,
  virtualClock,
} from '../../bank-account-actor/host/bank-host-for-tests.ts';
import type { StoredStream } from '../../bank-account-actor/journal/journal.ts';
import { memoryJournal } from '../../bank-account-actor/journal/memory-journal.ts';
import { stateAfter } from '../../bank-account-actor/restore/replay.ts';
import { encodeState, type StreamState } from '../../bank-account-actor/turn/stream-state.ts';
import { actedBy, byOf, EVERY_OWNER, nameBy } from '../../contracts/access/principal.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { approvalOfStream } from '../../contracts/approval/events.ts';
import { approvalIdFor, transferIdFor } from '../../contracts/derived-ids.ts';
import {
  isAccountEvent,
  isApprovalEvent,
  type BankEvent,
} from '../../contracts/log/bank-events.ts';
import type { Currency } from '../../domain/currency.ts';
import { accountId, commandId, type AccountId, type StreamId } from '../../domain/ids.ts';
import { isBalanced } from '../../domain/invariants.ts';
import { minor } from '../../domain/money.ts';
import { isEveryRun, runsOf } from '../../domain/runs-for-tests.ts';
import { eventOfEntry } from '../../event-source/log/event-log.ts';
import { memoryLog } from '../../event-source/log/memory-log.ts';
import { createEventRetrial } from '../../event-source/audit/event-retrial.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const BOUND = 50;
const WAIT_MS = 10_000;
const KEYS = 5;
const OTHER = accountId('00000000-0000-8000-8000-000000000002');
const FOUR_EYES = {
  amounts: new Map([['CZK' as Currency, minor(BigInt(BOUND) * 100n)]]),
  acts: new Set(['reversals'] as const),
  waitMs: WAIT_MS,
};
/** The last two are nobody who could approve: a system, and Anna through another client. */
const PEOPLE = [
  byOf({ client: 'desk', subject: 'anna', roles: ['teller'], strength: 'multi-factor' }),
  byOf({ client: 'desk', subject: 'ben', roles: ['teller'], strength: 'single-factor' }),
  byOf({ client: 'desk', subject: 'cora', roles: ['teller'], strength: 'single-factor' }),
  byOf({ client: 'cron', subject: 'cron', roles: ['teller'], strength: 'client' }),
  byOf({ client: 'web', subject: 'anna', roles: ['teller'], strength: 'single-factor' }),
] as const;

const step = fc.record({
  kind: fc.constantFrom('ask', 'ask', 'approve', 'approve', 'reject', 'pass', 'sweep'),
  key: fc.nat(KEYS - 1),
  what: fc.nat(2),
  by: fc.nat(PEOPLE.length - 1),
  host: fc.nat(1),
  ms: fc.constantFrom(10, 3_000, WAIT_MS),
});
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;
/** Steps of one round are taken at the same time. */
const life = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
  maxLength: 14,
  size: 'max',
});

const one = (kind: Step['kind'], key: number, by: number): Step[] => [
  { kind, key, by, what: 0, host: 0, ms: 10 },
];
/** Both can be paid when they are asked for; when the second is approved, the money is gone. */
const GONE = [one('ask', 0, 0), one('ask', 1, 0), one('approve', 0, 1), one('approve', 1, 1)];

/** Two hosts on one journal, and all events in the order in which they came to the log. */
async function twoHosts() {
  const time = virtualClock();
  const journal = memoryJournal();
  const log = testLog();
  const events: BankEvent[] = [];
  const known = new Set<string>();
  const onPublish = (some: readonly BankEvent[]): void => {
    for (const event of some.filter(({ id }) => !known.has(id))) {
      known.add(event.id);
      events.push(event);
    }
  };
  const options = { clock: time.clock, fourEyes: FOUR_EYES, onPublish };
  const hosts = [
    await testHost(journal, log, options),
    await testHost(journal, log, { ...options, host: 'host2' }),
  ] as const;
  const before = await testHost(journal, log, { clock: time.clock, onPublish, host: 'host3' });
  // Not enough for all that is asked for, so that some is refused when it is approved.
  await before.execute([open('open', { initialDeposit: '90.00' })]);
  await before.execute([{ ...open('open-2'), accountId: OTHER }]);
  return { time, journal, hosts, events };
}

/** The command of a key: always the same one, so that asking again is a retry. */
function commandOf(key: number, client: string) {
  const id = `key-${key}`;
  const name = nameBy(client, commandId(id));
  const amount = `${[60, 70, 80, 20, 55][key]}.00`;
  const transferId = transferIdFor(ACCOUNT, name);
  const body = [
    { type: 'deposit', amount },
    { type: 'withdraw', amount },
    { type: 'send-transfer', transferId, toAccountId: OTHER, amount },
  ][(key + 1) % 3]!;
  return { message: message(id, body), id: approvalIdFor(streamOf(ACCOUNT), name) };
}

async function live(rounds: readonly (readonly Step[])[]) {
  const { time, journal, hosts, events } = await twoHosts();
  const sender = { owner: EVERY_OWNER, mayWait: true };
  const take = async ({ kind, key, by, host, ms }: Step): Promise<void> => {
    const [who, at] = [PEOPLE[by]!, hosts[host]!];
    const { message: asked, id } = commandOf(key, PEOPLE[0]);
    if (kind === 'pass') await time.skip(ms);
    else if (kind === 'sweep') await at.expire();
    // The desk asks, anyone of it.
    else if (kind === 'ask') await at.execute([asked], { ...sender, by: PEOPLE[by % 3]! });
    else await at.decide(id, { by: who, decision: kind as 'approve' });
  };
  for (const round of rounds) await Promise.all(round.map(take));
  for (const host of hosts) host.start();
  await time.pass(2 * WAIT_MS);
  for (const host of hosts) host.stop();
  // Each host publishes on its own; the log brings them into an order, joint ones together.
  const { added } = await memoryLog().append(events);
  expect(added).toHaveLength(events.length);
  const logged = added.map(eventOfEntry) as BankEvent[];
  const rows = (await journal.heads('', 100)).map(({ stream }) => stream as StreamId);
  const { streams } = await journal.load(rows);
  return { logged, streams };
}

/** What the log must be, said apart from the code that decides. */
function judge(events: readonly BankEvent[], seen: (what: string) => void): string[] {
  const wrong: string[] = [];
  const ends = new Map<StreamId, BankEvent>();
  const asked = new Map<StreamId, BankEvent>();
  const executed = new Map<string, number>();
  for (const event of events) {
    const stream = event.stream as StreamId;
    if (isApprovalEvent(event)) {
      const of = event.version === 1 ? asked : ends;
      if (of.has(stream) || event.version > 2) wrong.push(`${event.id}: it ended twice`);
      of.set(stream, event);
      seen(event.type);
      if (event.type === 'approval-granted') {
        const first = asked.get(stream)!;
        const [one, other] = [actedBy(first.by!), actedBy(event.by!)];
        if (one.subject === other.subject) wrong.push(`${event.id}: by one person alone`);
        if (other.strength === 'client') wrong.push(`${event.id}: by a system`);
        const over = 'expiresAt' in first.data && String(first.data.expiresAt) <= event.at;
        if (over) wrong.push(`${event.id}: too late`);
      }
    } else if (isAccountEvent(event) && event.commandId.startsWith('key-')) {
      executed.set(event.commandId, (executed.get(event.commandId) ?? 0) + 1);
      const isBig = 'amount' in event.data && Number(event.data.amount) > BOUND;
      if (isBig && event.approvedBy === undefined) wrong.push(`${event.id}: by nobody else`);
      if (!isBig && event.approvedBy !== undefined) wrong.push(`${event.id}: needed nobody`);
      seen(isBig ? 'executed with approval' : 'executed without');
    }
  }
  for (const [id, times] of executed)
    if (times > 1) wrong.push(`${id} was executed ${times} times`);
  for (const [stream, end] of ends) {
    const { commandId: of } = asked.get(stream)!;
    const isExecuted = executed.has(of);
    if (isExecuted !== (end.type === 'approval-granted')) wrong.push(`${of}: ${end.type}`);
  }
  for (const stream of asked.keys()) if (!ends.has(stream)) wrong.push(`${stream} never ended`);
  return wrong;
}

/** The audit's own retrial finds nothing, and money is conserved. */
function audit(events: readonly BankEvent[]): string[] {
  const retrial = createEventRetrial();
  const found: string[] = [];
  events.forEach((event, at) => {
    const id = isApprovalEvent(event)
      ? approvalOfStream(event.stream)
      : (event.stream.slice('acct/'.length) as AccountId);
    found.push(...retrial.take(event, id).map(({ detail }) => `${event.id} ${detail}`));
    const isLast = event.joint === undefined || event.joint.id !== events[at + 1]?.joint?.id;
    if (isLast) found.push(...retrial.endOfTransaction().map(({ detail }) => detail));
  });
  for (const [currency, totals] of retrial.ledger.totals()) {
    if (!isBalanced(totals)) found.push(`${currency} does not balance`);
  }
  return found;
}

/** The states that a restore makes of the log, and those of the journal. */
function restored(events: readonly BankEvent[]) {
  const states = new Map<string, StreamState>();
  for (const event of events) {
    states.set(event.stream, stateAfter(states.get(event.stream), event));
  }
  return new Map(
    [...states].map(
      ([stream, state]) => [stream, JSON.parse(encodeState(state)) as unknown] as const,
    ),
  );
}
const rowsOf = (streams: readonly StoredStream[]) =>
  new Map(
    streams
      .filter(({ stream }) => !stream.startsWith('person/'))
      .map(({ stream, state }) => [stream as string, JSON.parse(state) as unknown] as const),
  );

test('given any lives of what waits, then nothing happens twice, alone or late', async () => {
  const counts = new Map<string, number>();
  const seen = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  const property = fc.asyncProperty(life, async (rounds) => {
    const { logged, streams } = await live(rounds);
    expect([...judge(logged, seen), ...audit(logged)]).toEqual([]);
    expect(restored(logged)).toEqual(rowsOf(streams));
  });
  await fc.assert(property, { seed, numRuns: runsOf(60), examples: [[GONE]] });
  if (!isEveryRun) return;
  const all = ['requested', 'granted', 'rejected', 'expired', 'refused'];
  for (const what of all)
    expect([what, counts.get(`approval-${what}`) ?? 0]).not.toEqual([what, 0]);
  expect(counts.get('executed with approval')).toBeGreaterThan(0);
  expect(counts.get('executed without')).toBeGreaterThan(0);
}, 240_000);
