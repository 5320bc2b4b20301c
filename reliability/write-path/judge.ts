import type { Journal, Turn } from '../../bank-account-actor/journal/journal.ts';
import { decodeState, encodeState } from '../../bank-account-actor/turn/stream-state.ts';
import { isAccountEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { accountOfStream } from '../../contracts/account/events.ts';
import { TRANSACTION_POSITIONS } from '../../contracts/log/topics.ts';
import type { Account, ExistingAccount } from '../../domain/account.ts';
import type { StreamId } from '../../domain/ids.ts';
import { createEventRetrial } from '../../event-source/audit/event-retrial.ts';
import { candidateOf } from '../../event-source/log/append-plan.ts';
import type { LogEntry } from '../../event-source/log/event-log.ts';
import { GIVEN_UP_MS } from '../../bank-account-actor/turn/turns.ts';
import { commandVerdict, type Seen } from './command-verdict.ts';
import type { Life, Timeline } from './timeline.ts';

/** Events that a row may hold for the log in a run of this length. */
const UNLOGGED_MAX = 60;
const LATENESS_OF_EXPIRY_MS = 10_000;

export type Judge = ReturnType<typeof createJudge>;
type Added = LogEntry & { readonly event: BankEvent };

/** Watches journal and log and every answer, and says what breaks a promise of the write path. */
export function createJudge(timeline: Timeline, journal: Journal) {
  const violations: string[] = [];
  const retrial = createEventRetrial();
  const { ledger } = retrial;
  const log = new Map<StreamId, Seen[]>();
  const rows = new Map<StreamId, number>();
  const foreign = new Set<StreamId>();
  const marked = new Map<StreamId, number>();
  const commands = commandVerdict(log, (text) => violated(text));
  /** Of the bank's transactions, where the first event stands, and how many are not there yet. */
  const wholes = new Map<string, { readonly at: number; left: number }>();
  let transaction = 0;

  const violated = (text: string): void => {
    violations.push(text);
    timeline.note(() => `VIOLATION ${text}`);
  };
  const latestOf = (stream: StreamId): number => log.get(stream)?.length ?? 0;

  /** What came before the first entry of a transaction is a whole number of transactions. */
  const endTransaction = (next: number): void => {
    if (next === transaction) return;
    transaction = next;
    if (foreign.size > 0) return;
    for (const { invariant, detail } of ledger.endOfTransaction()) {
      violated(`${invariant} before transaction ${next}: ${detail}`);
    }
  };
  const follow = ({ event, position }: Added): void => {
    const stream = event.stream as StreamId;
    const { digest } = candidateOf(event);
    const entries = log.get(stream) ?? [];
    log.set(stream, entries);
    if (event.version !== entries.length + 1) {
      return violated(`the log has ${event.id} behind ${entries.length}`);
    }
    if (event.prev !== entries.at(-1)?.digest) violated(`${event.id} names another predecessor`);
    endTransaction(Math.floor(position / TRANSACTION_POSITIONS));
    let free: string | undefined;
    if (foreign.size === 0) {
      const id = stream.slice(stream.indexOf('/') + 1);
      for (const fault of retrial.take(event, id)) violated(`${fault.id} breaks ${fault.detail}`);
      if ('transactionId' in event.data) followWhole(event, event.data.transactionId!);
    }
    if (isAccountEvent(event)) free = event.data.balance.available;
    entries.push({ event, digest, available: free });
    timeline.note(() => `log: ${event.type} ${event.id.slice(-6)} "${event.commandId}"`);
  };

  /** All of a transaction stands in one of the log. */
  const followWhole = ({ id, joint }: BankEvent, of: string): void => {
    const whole = wholes.get(of) ?? { at: transaction, left: joint?.events ?? 0 };
    wholes.set(of, whole);
    whole.left -= 1;
    if (whole.at !== transaction) violated(`${id} is not where the rest of its transaction is`);
  };

  /** What a row says that the log has must be there. */
  const checkRows = async (streams: readonly StreamId[]): Promise<void> => {
    const found = await journal.load(streams);
    for (const { stream, version, logged, unlogged } of found.streams) {
      if (stream.startsWith('person/') || foreign.has(stream)) continue;
      if (version - logged !== unlogged.length) violated(`the row of ${stream} has a hole`);
      if (logged > latestOf(stream) && !marked.has(stream)) {
        violated(`the row of ${stream} says logged ${logged}, the log has ${latestOf(stream)}`);
      }
      if (unlogged.length > UNLOGGED_MAX) violated(`the row of ${stream} grows without end`);
    }
  };

  return {
    violations,
    commands,
    ledger,
    latestOf,
    /** The version that the journal's row of the stream was last seen at. */
    rowOf: (stream: StreamId): number => rows.get(stream) ?? 0,
    /** Somebody wrote this into the log who is not the bank. */
    forged(stream: StreamId, added: readonly Added[]): void {
      foreign.add(stream);
      added.forEach(follow);
    },
    appended: (added: readonly Added[]): void => added.forEach(follow),
    commitSent(life: Life, turn: Turn, wall: number): void {
      for (const { stream, name } of turn.names) {
        const attempts = commands.attemptsOf(stream, name).filter((one) => one.life === life);
        if (attempts.length === 0) continue;
        const latest = Math.max(...attempts.map(({ deadline }) => deadline));
        if (wall <= latest + GIVEN_UP_MS) continue;
        violated(`"${name}" is executed ${wall - latest} ms after its caller gave up`);
      }
    },
    async committed({ writes }: Turn): Promise<void> {
      for (const { stream } of writes) {
        if (marked.has(stream)) violated(`${stream} was written after it went into quarantine`);
      }
      for (const { stream, version } of writes) rows.set(stream, version);
      await checkRows(writes.map(({ stream }) => stream));
    },
    settled: checkRows,
    quarantined(stream: StreamId, reason: string): void {
      if (!marked.has(stream)) marked.set(stream, timeline.now());
      if (foreign.size === 0) violated(`${stream} went into quarantine: ${reason}`);
    },
    /** What came before its predecessor may be held, and so may what is joint with it. */
    mayBeHeld(events: readonly BankEvent[]): ReadonlySet<BankEvent> {
      const isEarly = ({ stream, version }: BankEvent): boolean =>
        latestOf(stream as StreamId) < version - 1;
      const early = events.filter(isEarly);
      const joint = new Set(early.flatMap((event) => event.joint?.id ?? []));
      return new Set([...early, ...events.filter((event) => joint.has(event.joint?.id ?? ''))]);
    },
    /** The broker forgets a message: all of it is in the log, or its journal sends it again. */
    acknowledgedToBroker(
      events: readonly BankEvent[],
      held: ReadonlySet<BankEvent>,
      isLetGo: (stream: string) => boolean,
    ): void {
      for (const event of events) {
        const { stream, version } = event;
        if (latestOf(stream as StreamId) >= version || isLetGo(stream) || held.has(event)) continue;
        violated(`event-source took ${stream}/${version}, but the log lacks it`);
      }
    },
    /** What was committed by then must be in the log soon. */
    committedSoFar(): () => void {
      const then = [...rows];
      return () => {
        for (const [stream, version] of then) {
          if (latestOf(stream) >= version || marked.has(stream)) continue;
          violated(`${stream}/${version} was committed before, the log has ${latestOf(stream)}`);
        }
      };
    },
    /** Whether the log has everything, no row waits for it and nothing will end by itself. */
    async isSettled(): Promise<boolean> {
      const { streams } = await journal.load([...rows.keys()]);
      const isLogged = streams.every(({ stream, logged, version }) => {
        return logged === version && latestOf(stream) === version;
      });
      return isLogged && [...ledger.accountIds()].every((id) => !hasEnd(ledger.account(id)));
    },
    async end(wall: number): Promise<void> {
      endTransaction(Infinity);
      for (const [id, { left }] of wholes) {
        if (left !== 0 && foreign.size === 0)
          violated(`transaction ${id} has ${left} events too few in the log`);
      }
      const { streams } = await journal.load([...new Set([...rows.keys(), ...log.keys()])]);
      const lost = new Set(
        streams.flatMap((row) => (row.quarantine === undefined ? [] : row.stream)),
      );
      for (const row of streams) {
        const { stream, version, logged, quarantine, digest } = row;
        const last = log.get(stream)?.at(-1);
        if (foreign.has(stream)) {
          const isFork =
            version >= latestOf(stream) && digest !== log.get(stream)?.[version - 1]?.digest;
          if (isFork && quarantine === undefined) violated(`the fork of ${stream} was not noticed`);
        }
        if (foreign.has(stream) || (foreign.size > 0 && quarantine !== undefined)) continue;
        if (quarantine !== undefined) violated(`${stream} is in quarantine: ${quarantine}`);
        if (last?.event.version !== version) {
          violated(
            `${stream} is at ${version} in the journal, at ${last?.event.version} in the log`,
          );
          continue;
        }
        if (last.digest !== digest) violated(`${stream} has another digest in the journal`);
        if (logged !== version) violated(`${stream} is not settled: ${logged} of ${version}`);
        if (stream.startsWith('acct/')) checkAccount(stream, row.state, wall);
      }
      for (const [stream] of log) {
        if (!streams.some((row) => row.stream === stream)) violated(`the journal lacks ${stream}`);
      }
      commands.judge((stream) => lost.has(stream) || foreign.has(stream));
    },
  };

  function checkAccount(stream: StreamId, text: string, wall: number): void {
    const state = decodeState(stream, text) as ExistingAccount;
    for (const { expiresAt } of [...state.holds, ...state.transfers]) {
      if (expiresAt === undefined || Date.parse(expiresAt) > wall - LATENESS_OF_EXPIRY_MS) continue;
      violated(`what ended at ${expiresAt} on ${stream} was not ended`);
    }
    if (foreign.size > 0) return;
    const replayed = ledger.account(accountOfStream(stream));
    if (replayed.status === 'none' || sameText(replayed) !== sameText(state)) {
      violated(`the row of ${stream} is not what its events make`);
    }
  }
}

const hasEnd = (account: Account): boolean =>
  account.status !== 'none' &&
  [...account.holds, ...account.transfers].some(({ expiresAt }) => expiresAt !== undefined);

// Members of a state that was read stand in another order.
const sameText = (state: ExistingAccount): string => canonicalJson(JSON.parse(encodeState(state)));
