import { createBankHost, type BankHost } from '../../bank-account-actor/host/bank-host.ts';
import type { Journal } from '../../bank-account-actor/journal/journal.ts';
import type { ExecuteAnswer, ExecuteRequest } from '../../contracts/account/commands.ts';
import type { Logger } from '../../platform/logger.ts';
import type { EventSourceSide } from './event-source-side.ts';
import type { House } from './house.ts';
import {
  withoutUnlogged,
  lateUnconditioned,
  digestsByNumber,
  brokerTrusted,
} from './planted-bugs.ts';
import { hostSigner } from './signing.ts';
import { newLife, WALL_START, type Life } from './timeline.ts';

interface Host {
  readonly life: Life;
  readonly bank: BankHost;
}

export type HostsSide = ReturnType<typeof createHostsSide>;

/** Actor hosts of the real code, each with its own way to the journal that they share. */
export function createHostsSide(
  house: House,
  journal: Journal,
  source: EventSourceSide,
  logger: Logger,
  count: number,
) {
  const { timeline, chance, link, judge, seen, bug } = house;
  const offsets = Array.from({ length: count }, () => 0);
  const lives = Array.from({ length: count }, () => 0);
  const hosts: Host[] = [];

  const journalOf = (life: Life, number: number): Journal => {
    const here =
      bug === 'drop unlogged events on restart' && lives[number]! > 1
        ? withoutUnlogged(journal)
        : journal;
    return {
      ...here,
      load: (streams, names) => link(life, 'load', () => here.load(streams, names)),
      commit(turn) {
        judge.commitSent(life, turn, WALL_START + timeline.now() + life.wallOffset);
        timeline.note(() => `${life.name} commits ${describe(turn)}`);
        const committed = link(life, 'commit', async (isLate) => {
          const isForced = isLate && bug === 'a late commit without its condition';
          const outcome = await (isForced ? lateUnconditioned(here, turn) : here.commit(turn));
          if (isLate) seen(`late commit ${outcome.outcome}`);
          timeline.note(() => `journal: ${outcome.outcome} ${describe(turn)}`);
          if (outcome.outcome === 'committed') await judge.committed(turn);
          return outcome;
        });
        if (bug !== 'answer before the commit') return committed;
        committed.catch(() => undefined);
        return Promise.resolve({ outcome: 'committed' as const });
      },
      settle: (streams) =>
        link(life, 'settle', async () => {
          await here.settle(streams);
          await judge.settled(streams.map(({ stream }) => stream));
        }),
      quarantine: (stream, reason) =>
        link(life, 'quarantine', async () => {
          await here.quarantine(stream, reason);
          judge.quarantined(stream, reason);
        }),
      claimUnsettled: (idleMs, limit) =>
        link(life, 'claimUnsettled', () => here.claimUnsettled(idleMs, limit)),
      claimDue: (at, leaseMs, limit) =>
        link(life, 'claimDue', () => here.claimDue(at, leaseMs, limit)),
    };
  };
  const start = (number: number): void => {
    if (hosts[number]?.life.isAlive === true) return;
    lives[number]! += 1;
    const name = `host${number + 1}.${lives[number]}`;
    const life = newLife(name, offsets[number]);
    const { log, publish } = source.portsOf(life);
    const told =
      bug === 'confirm by number'
        ? digestsByNumber(log, journal)
        : bug === 'confirm what the broker took'
          ? brokerTrusted(log, journal)
          : log;
    const bank = createBankHost({
      journal: journalOf(life, number),
      log: { ...log, digests: told.digests },
      signer: hostSigner,
      publish,
      clock: timeline.clockOf(life),
      logger,
      host: name,
    });
    bank.start();
    hosts[number] = { life, bank };
    timeline.note(() => `${name} starts`);
  };
  const crash = (life: Life): void => {
    if (!life.isAlive) return;
    life.isAlive = false;
    seen('crash');
    timeline.note(() => `${life.name} crashes`);
    const number = hosts.findIndex((host) => host.life === life);
    timeline.after(chance.between(20, 4_000), () => start(number));
  };
  for (let number = 0; number < count; number += 1) start(number);

  return {
    count,
    crash,
    crashOne: (): void => crash(chance.pick(hosts).life),
    pauseOne(ms: number): void {
      const { life } = chance.pick(hosts);
      timeline.pause(life);
      timeline.after(ms, () => timeline.resume(life));
      seen('pause');
      timeline.note(() => `${life.name} pauses ${ms} ms`);
    },
    jumpOne(ms: number): void {
      const number = chance.between(0, count - 1);
      offsets[number] = ms;
      hosts[number]!.life.wallOffset = ms;
      seen('clock jump');
      timeline.note(() => `the clock of host${number + 1} is wrong by ${ms} ms`);
    },
    /** All run from now on, and their clocks agree. */
    heal(offset: number): void {
      offsets.fill(offset);
      for (let number = 0; number < count; number += 1) {
        start(number);
        hosts[number]!.life.wallOffset = offset;
        timeline.resume(hosts[number]!.life);
      }
    },
    /** What the host answers; undefined when it does not run. */
    execute(
      number: number,
      request: ExecuteRequest,
    ): { life: Life; answer: Promise<ExecuteAnswer> } | undefined {
      const { life, bank } = hosts[number]!;
      if (!life.isAlive) return undefined;
      const value = bug === 'execute after the deadline' ? { ...request, deadline: 9e15 } : request;
      const size = JSON.stringify(value).length;
      const run = bank.accounts.methods.get('execute')!;
      const id = request.groups[0]!.commands[0]!.accountId;
      return { life, answer: run(id, { value, size }) as Promise<ExecuteAnswer> };
    },
  };
}

const describe = ({ writes, guards, names }: Parameters<Journal['commit']>[0]): string =>
  [
    ...writes.map(({ stream, expected, version }) => `${short(stream)} ${expected}>${version}`),
    ...guards.map(({ stream, version }) => `${short(stream)} at ${version}`),
    ...names.map(({ name }) => `"${name}"`),
  ].join(', ');
const short = (stream: string): string => `${stream.slice(0, 4)}..${stream.slice(-4)}`;
