import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { StatementAnswer, StatementBound } from '../../contracts/account/statements.ts';
import { randomOf } from '../accounts/accounts-for-tests.ts';
import type { AccountLog } from '../log/account-log.ts';
import { ANNA, deposited, lifeOf, logOf, opened, withdrawn } from '../log/life-for-tests.ts';
import { readPeriod } from './statement-reader.ts';
import { SIGNED } from './statement-for-tests.ts';
import { statementOf } from './statement.ts';

const START = Date.parse('2026-10-01T00:00:00Z');
const DAY_MS = 86_400_000;
const NOW = START + 40 * DAY_MS;

/** A life in which many events bear the same time, as after a clock that was set back. */
function lifeWith(below: (limit: number) => number, count: number): LoggedEvent[] {
  let time = START;
  const deeds = Array.from({ length: count }, () => {
    time += [0, 0, 0, 1, DAY_MS / 2][below(5)] as number;
    const units = BigInt(1 + below(500));
    return [
      new Date(time).toISOString(),
      below(3) === 0 ? withdrawn(units) : deposited(units),
    ] as const;
  });
  return lifeOf([[new Date(START).toISOString(), opened()], ...deeds]);
}

/**
 * A log into which events come between any two reads, and in which reads that were sent together
 * are answered in any order.
 */
function busyLog(events: readonly LoggedEvent[], start: number, below: (limit: number) => number) {
  const state = { end: start };
  const grow = (): void => {
    state.end = Math.min(events.length, state.end + below(4));
  };
  const now = (): AccountLog => logOf(events.slice(0, state.end), 1 + below(20));
  const read = async <T>(look: (log: AccountLog) => Promise<T>): Promise<T> => {
    for (let turns = below(4); turns >= 0; turns -= 1) await Promise.resolve();
    grow();
    const answer = await look(now());
    grow();
    return answer;
  };
  const log: AccountLog = {
    events: (...asked) => read((at) => at.events(...asked)),
    until: (...asked) => read((at) => at.until(...asked)),
    read: (...asked) => read((at) => at.read(...asked)),
    latestVersions: (...asked) => read((at) => at.latestVersions(...asked)),
    refusals: (...asked) => read((at) => at.refusals(...asked)),
  };
  return { log, state };
}

const made = async (log: AccountLog, from: StatementBound, to: StatementBound, most = 1_000) =>
  statementOf(await readPeriod(log, ANNA, { from, to }, most, NOW), SIGNED);

/** All statements that the log could have given at one of these moments. */
async function momentsOf(
  events: readonly LoggedEvent[],
  [first, last]: readonly [number, number],
  from: StatementBound,
  to: StatementBound,
): Promise<StatementAnswer[]> {
  const lengths = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  return Promise.all(lengths.map((end) => made(logOf(events.slice(0, end)), from, to)));
}

test('given commands between the reads, then a statement is that of one moment', async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  console.log(`SEED=${seed}`);
  const below = randomOf(seed);
  let grown = 0;
  for (let run = 0; run < 150; run += 1) {
    const events = lifeWith(below, 40);
    const start = 1 + below(40);
    const { log, state } = busyLog(events, start, below);
    const fromMs = START + below(10) * (DAY_MS / 2) + below(2);
    const from = { ms: fromMs };
    const to = { ms: fromMs + 1 + below(30) * (DAY_MS / 2) };
    const statement = await made(log, from, to);
    if (state.end > start) grown += 1;
    const moments = await momentsOf(events, [start, state.end], from, to);
    expect(moments).toContainEqual(statement);
  }
  expect(grown).toBeGreaterThan(50);
});

test('given an event of before the period between two reads, then it is no fault', async () => {
  const time = (hour: number) => new Date(START + hour * 3_600_000).toISOString();
  const events = lifeOf([
    [time(0), opened()],
    [time(1), deposited(100n)],
    [time(2), deposited(10n)],
    [time(30), deposited(1n)],
  ]);
  const [early, late] = [logOf(events.slice(0, 2)), logOf(events)];
  let reads = 0;
  const log: AccountLog = {
    ...late,
    until: (...asked) => ((reads += 1) === 1 ? early : late).until(...asked),
  };
  const [from, to] = [{ ms: START + DAY_MS }, { ms: START + 2 * DAY_MS }];
  expect(await made(log, from, to)).toEqual(await made(early, from, to));
});

const refusalOf = (outcome: Promise<unknown>) =>
  outcome.then(
    () => undefined,
    (error: { code: string; parts: { more: { fitsTo: string } } }) => error,
  );
const boundOf = (text: string): StatementBound =>
  text.startsWith('v') ? { version: Number(text.slice(1)) } : { ms: Date.parse(text) };

test('given any crowd in one instant, then its parts can be had, and make the whole', async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  console.log(`SEED=${seed}`);
  const below = randomOf(seed);
  let byVersion = 0;
  for (let run = 0; run < 30; run += 1) {
    const events = lifeWith(below, 40);
    const log = logOf(events, 1 + below(20));
    const [first, to] = [{ ms: START - below(2) * DAY_MS }, { ms: NOW }];
    const whole = await made(log, first, to);
    const parts: StatementAnswer[] = [];
    for (let from: StatementBound = first, end: StatementBound = to; ;) {
      const refusal = await refusalOf(readPeriod(log, ANNA, { from, to: end }, 4, NOW));
      if (refusal !== undefined) {
        expect(refusal.code).toBe('statement-too-long');
        end = boundOf(refusal.parts.more.fitsTo);
        if ('version' in end) byVersion += 1;
        continue;
      }
      const part = await made(log, from, end, 4);
      parts.push(part);
      if (end === to) break;
      [from, end] = [end, to];
    }
    expect(parts.flatMap(({ entries }) => entries)).toEqual(whole.entries);
    for (const [at, part] of parts.entries()) {
      const before = parts[at - 1]?.closing ?? { ledger: '0.00', version: 0 };
      expect(part.opening).toEqual({ ledger: before.ledger, version: before.version });
    }
  }
  expect(byVersion).toBeGreaterThan(10);
});

test.each([
  [{ version: 2 }, { version: 2 }, 'invalid-request'],
  [{ version: 12 }, { ms: NOW }, 'event-not-found'],
  [{ version: 2 }, { version: 13 }, 'event-not-found'],
  [{ version: 9 }, { ms: START + 1 }, 'invalid-request'],
  [{ ms: NOW - 1 }, { version: 3 }, 'invalid-request'],
])('given bounds %j and %j, then it is %s', async (from, to, code) => {
  const events = lifeOf([
    [new Date(START).toISOString(), opened()],
    ...Array.from(
      { length: 10 },
      (_, at) => [new Date(START + at * DAY_MS).toISOString(), deposited(1n)] as const,
    ),
  ]);
  const refusal = await refusalOf(readPeriod(logOf(events), ANNA, { from, to }, 100, NOW));
  expect(refusal?.code).toBe(code);
});
