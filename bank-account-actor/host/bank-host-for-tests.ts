import { randomUUID } from 'node:crypto';
import { EVERY_OWNER, type Sender } from '../../contracts/access/principal.ts';
import { TESTER } from '../../contracts/access/sender-for-tests.ts';
import { streamOfEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import type {
  CommandGroup,
  CommandMessage,
  CommandResult,
  ExecuteAnswer,
  LookupAnswer,
} from '../../contracts/account/commands.ts';
import type { DecideMessage, DecideResult } from '../../contracts/approval/commands.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { streamOf } from '../../contracts/account/events.ts';
import type { PersonMessage, PersonResult } from '../../contracts/person/commands.ts';
import type { AccountEventsMessage } from '../../contracts/log/topics.ts';
import { TWO_EYES, type FourEyes } from '../../domain/four-eyes.ts';
import {
  accountId,
  commandId,
  type AccountId,
  type ApprovalId,
  type PersonId,
  type StreamId,
} from '../../domain/ids.ts';
import { systemClock, type Clock } from '../../platform/clock.ts';
import { createLogger, type Logger } from '../../platform/logger.ts';
import { testSigner } from '../../platform/signer-for-tests.ts';
import type { Journal, Turn } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { createBankHost } from './bank-host.ts';

export const ACCOUNT: AccountId = accountId('00000000-0000-8000-8000-000000000001');
export const STREAM: StreamId = streamOf(ACCOUNT);
export const silent: Logger = createLogger('test', 'error');
silent.silent = true;

export const message = (
  id: string,
  command: object,
  more: Partial<CommandMessage> = {},
): CommandMessage => ({
  accountId: ACCOUNT,
  commandId: commandId(id),
  ...more,
  command: command as CommandMessage['command'],
});
export const open = (id: string, more: object = {}): CommandMessage =>
  message(id, { type: 'open-account', ownerId: OWNER, currency: 'CZK', ...more });
export const deposit = (id: string, amount = '1.00', more: Partial<CommandMessage> = {}) =>
  message(id, { type: 'deposit', amount }, more);
export const withdraw = (id: string, amount = '1.00') => message(id, { type: 'withdraw', amount });

/** A person whom every test house knows, because most tests do not care who owns an account. */
export const OWNER = '00000000-0000-8000-8000-00000000000a';

/** A log in memory that takes what relays publish, as event-source does. */
export function testLog() {
  const streams = new Map<StreamId, BankEvent[]>();
  const quarantined = new Map<StreamId, string>();
  const forks: BankEvent[] = [];
  const take = (event: BankEvent): void => {
    const id = streamOfEvent(event);
    const stream = streams.get(id) ?? [];
    streams.set(id, stream);
    const known = stream[event.version - 1];
    if (known !== undefined && canonicalJson(known) !== canonicalJson(event)) forks.push(event);
    const last = stream.at(-1);
    const prev = last === undefined ? undefined : eventDigest(canonicalJson(last));
    if (event.version === stream.length + 1 && event.prev === prev) stream.push(event);
  };
  const eventAt = (stream: StreamId, version: number): BankEvent | null =>
    streams.get(stream)?.[version - 1] ?? null;
  const client = {
    digests: (events: readonly { stream: StreamId; version: number }[]) =>
      Promise.resolve({
        digests: events.map(({ stream, version }) => {
          const event = eventAt(stream, version);
          return event === null ? null : eventDigest(canonicalJson(event));
        }),
        quarantined: [...quarantined].map(([stream, reason]) => ({ stream, reason })),
      }),
    read: (events: readonly { stream: StreamId; version: number }[]) =>
      Promise.resolve(events.map(({ stream, version }) => eventAt(stream, version))),
  };
  return {
    take,
    eventsOf: (id: AccountId): BankEvent[] => streams.get(streamOf(id)) ?? [],
    streams,
    forks,
    quarantined,
    client,
  };
}
export type TestLog = ReturnType<typeof testLog>;

export interface TestHostOptions {
  readonly clock?: Clock;
  readonly host?: string;
  readonly fourEyes?: FourEyes;
  /** Whether what is published reaches the log. */
  readonly delivers?: boolean;
  /** Sees each message before it is delivered; the broker refuses it when this throws. */
  readonly onPublish?: (events: readonly BankEvent[]) => void;
}

/** An actor host on that journal and log, with an owner for its accounts. */
export async function testHost(
  journal: Journal = memoryJournal(),
  log: TestLog = testLog(),
  options: TestHostOptions = {},
) {
  const { clock = systemClock, host = 'host1', delivers = true, onPublish } = options;
  const { fourEyes = TWO_EYES } = options;
  const bank = createBankHost({
    journal,
    log: log.client,
    signer: testSigner,
    async publish(text) {
      const { events } = JSON.parse(text) as AccountEventsMessage;
      await Promise.resolve();
      onPublish?.(events);
      if (delivers) for (const event of events) log.take(event);
    },
    clock,
    logger: silent,
    host,
    fourEyes,
  });
  await registerOwner(journal);
  const call = async (value: unknown, via: 'accounts' | 'teller', id: string): Promise<unknown> => {
    const execute = bank[via].methods.get('execute')!;
    return execute(id, { value, size: JSON.stringify(value).length });
  };
  /** Executes the commands one after the other, or as `joint` says; all in one call. */
  const execute = async (
    commands: readonly CommandMessage[],
    joint: Partial<Omit<CommandGroup, 'commands'>> = {},
  ): Promise<CommandResult[]> => {
    const request = {
      groups: [{ ...TESTER, commands, ...joint }],
      deadline: clock.wall() + 10_000,
    };
    const answer = await call(request, 'accounts', commands[0]!.accountId);
    const [group] = (answer as ExecuteAnswer).groups;
    if (group === undefined || 'moved' in group) throw new Error('moved');
    return group.results;
  };
  const executePerson = async (id: PersonId, command: PersonMessage): Promise<PersonResult> => {
    const value = { commands: [command], deadline: clock.wall() + 10_000 };
    const run = bank.persons.methods.get('execute')!;
    const size = JSON.stringify(value).length;
    return ((await run(id, { value, size })) as { results: PersonResult[] }).results[0]!;
  };
  const decide = async (
    id: ApprovalId,
    message: Partial<DecideMessage> & Pick<DecideMessage, 'by'>,
  ): Promise<DecideResult> => {
    const key = commandId(`decision-${randomUUID()}`);
    const value = {
      message: { decision: 'approve', commandId: key, ...message },
      deadline: clock.wall() + 10_000,
    };
    const run = bank.approvals.methods.get('execute')!;
    return (await run(id, { value, size: 200 })) as DecideResult;
  };
  const lookup = async (
    id: AccountId,
    names: readonly string[],
    owner: Sender['owner'] = EVERY_OWNER,
  ) => {
    const find = bank.accounts.methods.get('lookup')!;
    const answer = (await find(id, { value: { names, owner }, size: 100 })) as LookupAnswer;
    return { isOwn: answer.isOwn, found: answer.found.map((events) => events ?? undefined) };
  };
  return { ...bank, journal, log, call, execute, executePerson, decide, lookup };
}

/** Lets everything that needs no time come to its end. */
const idle = async (): Promise<void> => {
  for (let round = 0; round < 4; round += 1) await new Promise((done) => void setImmediate(done));
};

/** A clock in which nothing really waits. */
export function virtualClock(beginsAt = '2026-05-01T00:00:00.000Z') {
  let [wall, steady] = [Date.parse(beginsAt), 0];
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const forward = (to: number): void => {
    wall += to - steady;
    steady = to;
    const due = sleepers.filter(({ at }) => at <= to);
    sleepers = sleepers.filter(({ at }) => at > to);
    for (const { wake } of due) wake();
  };
  const clock: Clock = {
    wall: () => wall,
    steady: () => steady,
    sleep: (ms) => new Promise((wake) => void sleepers.push({ at: steady + ms, wake })),
    soon: (work) => void setImmediate(work),
  };
  return {
    clock,
    /** Lets time pass, and all that happens in it happen. */
    async pass(ms: number): Promise<void> {
      const end = steady + ms;
      for (;;) {
        await idle();
        const next = Math.min(...sleepers.map(({ at }) => at));
        if (next > end) break;
        forward(next);
      }
      forward(end);
      await idle();
    },
    /** Time passes in which every loop goes round once only: days, in tests that need many. */
    async skip(ms: number): Promise<void> {
      forward(steady + ms);
      await idle();
    },
    /** The wall clock is set. */
    set: (at: string): void => void (wall = Date.parse(at)),
  };
}

/** A journal whose answer to some commits is lost, whether they were applied or not. */
export function losing(
  journal: Journal,
  applies: boolean,
  isLost: (turn: Turn) => boolean,
): Journal {
  return {
    ...journal,
    async commit(turn) {
      if (!isLost(turn)) return journal.commit(turn);
      if (applies) await journal.commit(turn);
      throw new Error('the answer was lost');
    },
  };
}

/** Counts what is asked of a journal. */
export function counting(journal: Journal) {
  const counts = { loads: 0, rowsRead: 0, commits: 0, sizeWritten: 0 };
  const counted: Journal = {
    ...journal,
    async load(streams, names) {
      const found = await journal.load(streams, names);
      counts.loads += 1;
      counts.rowsRead += found.streams.length;
      return found;
    },
    commit(turn) {
      counts.commits += 1;
      counts.sizeWritten += JSON.stringify(turn).length;
      return journal.commit(turn);
    },
  };
  return { journal: counted, counts };
}

/** Puts the owner into the journal as an event that the log has. */
export async function registerOwner(journal: Journal): Promise<void> {
  const at = '2026-01-01T00:00:00.000Z';
  const state = { status: 'registered', version: 1, registeredAt: at, changedAt: at };
  const row = { version: 1, digest: 'x'.repeat(43), state: JSON.stringify(state), due: null };
  const stream = `person/${OWNER}` as StreamId;
  await journal.restore([{ stream, ...row, secret: { keep: 'a'.repeat(43) } }], []);
}

/** What became of a command: its versions, or the code of its refusal. */
export const said = (result: CommandResult | undefined): string => {
  if (result === undefined) return 'nothing';
  if (!result.ok) return result.refusal.code;
  const versions = result.events.map(({ version }) => version).join('+');
  return result.replayed ? `${versions} again` : versions;
};
