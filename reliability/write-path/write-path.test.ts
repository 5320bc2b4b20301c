import { simulate, type Simulated } from './simulation.ts';
import { runsOf } from '../../domain/runs-for-tests.ts';

/** `SEED=n` replays one seed with its trace, `SEEDS=n` runs so many. */
const only = process.env['SEED'];
const SEEDS = Number(process.env['SEEDS'] ?? runsOf(1_500));
const PATIENCE_MS = 3_600_000;

/** Of 1,000 seeds; a simulation that saw less proves nothing. */
const SEEN_MIN: Readonly<Record<string, number>> = {
  command: 20_000,
  'answer acknowledged': 10_000,
  'answer replayed': 1_200,
  'answer refused': 5_000,
  'other body': 500,
  retry: 8_000,
  transfer: 2_000,
  event: 14_000,
  'atomic group': 1_500,
  transaction: 900,
  'the same twice in a group': 250,
  'If-Match': 1_500,
  crash: 800,
  'event-source crash': 250,
  pause: 100,
  day: 15,
  'clock jump': 100,
  forgery: 30,
  'fault answerLost': 1_500,
  'fault requestLost': 1_500,
  'fault late': 1_500,
  'fault twice': 800,
  'late commit committed': 100,
  'late commit overtaken': 200,
  'broker lost': 150,
  'broker twice': 150,
  'broker delayed': 300,
  'request long after its deadline': 60,
  'done send-transfer': 1_000,
  'done reserve-transfer': 500,
  'done capture-transfer': 60,
  'done void-transfer': 30,
  'done place-hold': 600,
  'done capture-hold': 80,
  'done reverse': 80,
};

const replayOf = (seed: number): string => `replay: SEED=${seed} npx jest reliability/write-path`;
const told = ({ seed, violations }: Simulated): string =>
  [`seed ${seed}`, ...violations, replayOf(seed)].join('\n');

if (only !== undefined) {
  test(`seed ${only}`, async () => {
    const done = await simulate(Number(only), { isTraced: true });
    process.stdout.write(`${done.trace.join('\n')}\n`);
    expect(done.violations).toEqual([]);
  });
} else {
  test(
    `keeps every promise of the write path under faults, ${SEEDS} seeds`,
    async () => {
      const totals = new Map<string, number>();
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const done = await simulate(seed);
        if (done.violations.length > 0) throw new Error(told(done));
        for (const [what, times] of done.seen) totals.set(what, (totals.get(what) ?? 0) + times);
      }
      const tooFew = Object.entries(SEEN_MIN).flatMap(([what, least]) => {
        const seen = totals.get(what) ?? 0;
        return SEEDS >= 1_000 && seen < (least * SEEDS) / 1_000 ? [`${what}: ${seen}`] : [];
      });
      expect(tooFew).toEqual([]);
    },
    PATIENCE_MS,
  );

  test('given the same seed, when it runs twice, then the same happens', async () => {
    const run = async (): Promise<string[]> => {
      const { trace } = await simulate(7, { isTraced: true });
      // The record of a refusal has a random id.
      return trace.map((line) => line.replace(/refusal [0-9a-f-]{36}/g, 'refusal'));
    };
    expect(await run()).toEqual(await run());
  });
}
