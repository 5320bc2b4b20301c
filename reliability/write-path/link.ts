import type { Chance } from './chance.ts';
import type { Life, Timeline } from './timeline.ts';

const LATE_MAX_MS = 5_000;
const TIMEOUTS_MS = [150, 1_000, 3_000] as const;

/** How often something goes wrong on the way, from 0 to 1; all of a house share it. */
export interface Weather {
  faults: number;
  crashes: number;
}

const FAULTS = {
  requestLost: 3,
  answerLost: 3,
  late: 4,
  twice: 2,
  slow: 3,
} as const;

export interface LinkParts {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly seen: (what: string) => void;
  /** Ends a life amid a call. */
  readonly crash: (life: Life) => void;
}

export type Link = ReturnType<typeof createLink>;

/**
 * The way from a process to a server and back. A call may get lost either way, be done after its
 * caller gave up, or twice; its caller may crash at any point of it, and what it had sent stays on
 * its way.
 */
export function createLink({ timeline, chance, weather, seen, crash }: LinkParts) {
  const { after, note } = timeline;
  return <Answer>(
    life: Life,
    what: string,
    done: (isLate: boolean) => Promise<Answer>,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (!life.isAlive) return;
      const crashes = chance.hits(weather.crashes) ? chance.weighted({ sent: 2, answered: 2 }) : '';
      const fault = chance.hits(weather.faults) ? chance.weighted(FAULTS) : 'none';
      const wayMs = chance.between(1, fault === 'slow' ? 1_500 : 12);
      const backMs = chance.between(1, fault === 'slow' ? 1_500 : 12);
      const timeoutMs = chance.pick(TIMEOUTS_MS);
      const answer = (finish: () => void): void => {
        if (crashes !== 'answered') return after(backMs, finish, life);
        after(backMs, () => crash(life), life);
      };
      const apply = (ms: number, isLate: boolean, isAnswered: boolean): void =>
        after(ms, () => {
          const applied = done(isLate);
          if (!isAnswered) return void applied.catch(() => undefined);
          applied.then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error as Error)),
          );
        });
      const giveUp = (): void =>
        after(timeoutMs, () => reject(new Error(`${what}: ${fault}`)), life);
      if (fault === 'none') note(() => `${life.name} ${what}`);
      if (fault !== 'none') {
        seen(`fault ${fault}`);
        note(() => `${life.name} ${what}: ${fault}`);
      }
      switch (fault) {
        case 'none':
        case 'slow':
          apply(wayMs, false, true);
          break;
        case 'requestLost':
          giveUp();
          break;
        case 'answerLost':
          apply(wayMs, false, false);
          giveUp();
          break;
        case 'late':
          apply(timeoutMs + chance.between(0, LATE_MAX_MS), true, false);
          giveUp();
          break;
        case 'twice': {
          const isSecondAnswered = chance.hits(0.5);
          apply(wayMs, false, !isSecondAnswered);
          apply(wayMs + chance.between(0, 300), false, isSecondAnswered);
          break;
        }
      }
      if (crashes === 'sent') crash(life);
    });
}
