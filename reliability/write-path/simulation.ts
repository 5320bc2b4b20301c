import { registerOwner } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { memoryJournal } from '../../bank-account-actor/journal/memory-journal.ts';
import type { Journal } from '../../bank-account-actor/journal/journal.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import { streamOf } from '../../contracts/account/events.ts';
import type { StreamId } from '../../domain/ids.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { eventOfEntry, type EventLog } from '../../event-source/log/event-log.ts';
import { memoryLog } from '../../event-source/log/memory-log.ts';
import { createLogger } from '../../platform/logger.ts';
import { createChance } from './chance.ts';
import { createClients, type Clients } from './clients.ts';
import { createEventSourceSide, type EventSourceSide } from './event-source-side.ts';
import type { House } from './house.ts';
import { createHostsSide, type HostsSide } from './hosts-side.ts';
import { createJudge } from './judge.ts';
import { createLink, type Weather } from './link.ts';
import { buggyJournal, buggyLog, type PlantedBug } from './planted-bugs.ts';
import { createTimeline, WALL_START, type Life } from './timeline.ts';

const DAY_MS = 86_400_000;
const FAULTS_MAX_MS = 8_000;
/** A request that was kept on its way comes within it. */
const CALM_MS = 45_000;
const LOGGED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 200;
const STEPS_MAX = 60_000;

const logger = createLogger('simulation', 'error');
logger.silent = true;

export interface Simulated {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly seen: ReadonlyMap<string, number>;
  readonly trace: readonly string[];
}
export interface SimulationOptions {
  readonly bug?: PlantedBug | undefined;
  readonly isTraced?: boolean;
}

/** One run of the write path, decided by its seed alone. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Simulated> {
  const { bug, isTraced = false } = options;
  const counts = new Map<string, number>();
  const seen = (what: string, times = 1): void =>
    void counts.set(what, (counts.get(what) ?? 0) + times);
  const timeline = createTimeline(isTraced);
  const chance = createChance(seed);
  const weather: Weather = {
    faults: chance.pick([0, 0.03, 0.08, 0.2]),
    crashes: chance.pick([0, 0.004, 0.015]),
  };
  const journal = buggyJournal(memoryJournal(timeline.now), bug);
  const log = buggyLog(memoryLog(), bug);
  const judge = createJudge(timeline, journal);
  let crash: (life: Life) => void = () => undefined;
  const link = createLink({ timeline, chance, weather, seen, crash: (life) => crash(life) });
  const house: House = { timeline, chance, weather, link, judge, seen, bug };
  const source = await createEventSourceSide(house, log, logger);
  await registerOwner(journal);
  const hosts = createHostsSide(house, journal, source, logger, chance.pick([1, 2, 2, 3]));
  crash = (life) => (life.name.startsWith('source') ? source.crash() : hosts.crash(life));
  const clients = createClients(house, hosts, chance.between(3, 5), chance.between(20, 28));
  const parts = { house, source, hosts, clients, log, journal };
  planTrouble(parts, seed);
  await run(parts, seed);
  seen('command', clients.made());
  seen('transfer', judge.ledger.transfers());
  seen('event', judge.ledger.steps());
  return { seed, violations: judge.violations, seen: counts, trace: timeline.trace() };
}

interface Parts {
  readonly house: House;
  readonly source: EventSourceSide;
  readonly hosts: HostsSide;
  readonly clients: Clients;
  readonly log: EventLog;
  readonly journal: Journal;
}

/** What goes wrong besides calls: crashes, pauses, clocks, and a forger of the log. */
function planTrouble({ house, source, hosts, clients, log }: Parts, seed: number): void {
  const { timeline, chance, weather, seen } = house;
  const trouble = (probability: number, what: () => void): void => {
    if (!chance.hits(probability)) return;
    timeline.after(chance.between(100, 6_000), () => {
      if (weather.faults > 0) what();
    });
  };
  for (let count = 0; count < 3; count += 1) trouble(0.4, hosts.crashOne);
  trouble(0.3, source.crash);
  trouble(0.12, () => hosts.pauseOne(15_000));
  trouble(0.2, () => hosts.pauseOne(chance.between(500, 4_000)));
  trouble(0.05, () => {
    seen('day');
    timeline.note(() => 'everything stands still for a day');
    timeline.standStill(DAY_MS);
  });
  const jumps = [-3_600_000, -5_000, -500, 2_000, 40_000, 3_600_000];
  for (let count = 0; count < 2; count += 1) trouble(0.15, () => hosts.jumpOne(chance.pick(jumps)));
  if (seed % 16 === 5 && chance.hits(0.9)) {
    timeline.after(chance.between(1_500, 6_000), () => {
      void forge(house, log, streamOf(chance.pick(clients.ids)));
    });
  }
}

/** Somebody writes an event of his own into the log. */
async function forge(
  { judge, timeline, seen }: House,
  log: EventLog,
  stream: StreamId,
): Promise<void> {
  const [latest] = await log.latestVersions([stream]);
  if (latest === undefined || latest === 0) return;
  const [entry] = await log.find([{ stream, version: latest }]);
  const last = eventOfEntry(entry!) as LoggedEvent;
  const version = latest + 1;
  const { joint: _joint, ...alone } = last;
  const event = {
    ...alone,
    version,
    id: `${stream}/${version}`,
    prev: eventDigest(canonicalJson(last)),
    commandId: `forged-${version}`,
  } as LoggedEvent;
  seen('forgery');
  timeline.note(() => `somebody forges ${event.id}`);
  const { added } = await log.append([event]);
  judge.forged(
    stream,
    added.map((one) => ({ ...one, event: eventOfEntry(one) })),
  );
}

async function run({ house, source, hosts, clients }: Parts, seed: number): Promise<void> {
  const { timeline, weather, judge } = house;
  let steps = 0;
  const until = async (isReached: () => boolean): Promise<void> => {
    while (!isReached() && judge.violations.length === 0) {
      steps += 1;
      if (steps > STEPS_MAX || !(await timeline.step())) {
        judge.violations.push(`it does not come to an end: ${steps} steps`);
      }
    }
  };
  let start = timeline.now();
  // A day that everything stood still is not counted.
  const spent = (): number => (timeline.now() - start) % DAY_MS;
  await until(() => clients.isIdle() || spent() > FAULTS_MAX_MS);
  weather.faults = 0;
  weather.crashes = 0;
  // Half of the time the clocks stay behind where one that was wrong has been.
  const offset = (seed % 2) * 3_600_000;
  hosts.heal(offset);
  source.restart();
  timeline.note(() => 'faults end');
  const checkCommitted = judge.committedSoFar();
  start = timeline.now();
  /** Until then, or until nothing is left that could happen. */
  const untilCalm = async (ms: number): Promise<void> => {
    while (timeline.now() - start < ms && judge.violations.length === 0) {
      const next = timeline.now() + LOOK_EVERY_MS;
      await until(() => timeline.now() >= next);
      const isQuiet = clients.isIdle() && timeline.underWay() === 0;
      if (isQuiet && (await judge.isSettled())) break;
    }
  };
  await untilCalm(LOGGED_WITHIN_MS);
  if (judge.violations.length === 0) checkCommitted();
  await untilCalm(CALM_MS);
  if (judge.violations.length === 0) await judge.end(WALL_START + timeline.now() + offset);
}
