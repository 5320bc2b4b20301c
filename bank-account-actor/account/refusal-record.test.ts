import { testName } from '../../contracts/access/sender-for-tests.ts';
import fc from 'fast-check';
import { bankEventSchema, isRefusalEvent, refusalsOf } from '../../contracts/log/bank-events.ts';
import {
  commandHash,
  type CommandMessage,
  type CommandResult,
} from '../../contracts/account/commands.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { RefusalEvent } from '../../contracts/account/refusal-events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { ACCOUNT, counting, deposit, losing, message, open } from '../host/bank-host-for-tests.ts';
import { said, testHost, testLog, virtualClock, withdraw } from '../host/bank-host-for-tests.ts';
import type { Journal, Turn } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { REFUSALS_PER_DAY_MAX } from '../../domain/refusal-record.ts';
import { isEveryRun, runsOf } from '../../domain/runs-for-tests.ts';

const OTHER = accountIdOfSerial(7n);
const RECORDS = refusalsOf(ACCOUNT);
const recording = (id = 'o', more: object = {}) => open(id, { recordRefusals: true, ...more });
const switched = (id: string, recordRefusals: boolean) =>
  message(id, { type: 'set-refusal-recording', recordRefusals });
const reuse = (id: string) => deposit(id, '0.01');

async function house(
  journal: Journal = memoryJournal(),
  log = testLog(),
  time = virtualClock(),
  delivers = true,
) {
  const host = await testHost(journal, log, { clock: time.clock, delivers });
  host.start();
  /** The records that the log has, now that it had time to take them. */
  const records = async (): Promise<RefusalEvent[]> => {
    await time.pass(5_000);
    return (log.streams.get(RECORDS) ?? []).map((event) => {
      const read = bankEventSchema.parse(JSON.parse(JSON.stringify(event)));
      if (!isRefusalEvent(read)) throw new Error(`${event.id} is no record`);
      return read;
    });
  };
  const execute = (...commands: CommandMessage[]) => host.execute(commands);
  const atomic = (...commands: CommandMessage[]) => host.execute(commands, { atomic: true });
  const preview = (...commands: CommandMessage[]) => host.execute(commands, { dryRun: true });
  const stop = (): void => host.stop();
  return { journal, log, time, records, execute, atomic, preview, stop };
}
const idOf = (result: CommandResult | undefined) => (result?.ok === false ? result.refusalId : '');
const asked = ({ data }: RefusalEvent) => `${data.command.commandId} ${data.refusal.code}`;

describe('what is recorded', () => {
  test('given an account that does not want it, refusals leave no trace', async () => {
    const { execute, records, journal } = await house();
    const results = await execute(open('o'), withdraw('w'));
    expect(results[1]).toEqual({
      ok: false,
      refusal: { code: 'insufficient-funds', available: '0.00', shortfall: '1.00' },
    });
    expect(await records()).toEqual([]);
    expect((await journal.load([RECORDS])).streams).toEqual([]);
  });

  test('given one that does, then command, rule and what was seen', async () => {
    const { execute, records, log } = await house();
    const order = withdraw('w', '9.00');
    const limits = message('l', { type: 'set-limits', perDay: '50.00' });
    const results = await execute(
      recording('o', { initialDeposit: '5.00', overdraftLimit: '1.00' }),
      limits,
      withdraw('v', '2.00'),
      order,
    );
    expect(results.map(said)).toEqual(['1+2', '3', '4', 'insufficient-funds']);
    expect(idOf(results[3])).toBe(`${RECORDS}/1`);
    const [record, ...others] = await records();
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      id: `${RECORDS}/1`,
      stream: RECORDS,
      version: 1,
      commandHash: commandHash(order.command),
      data: {
        command: { commandId: 'w', type: 'withdraw', amount: '9.00' },
        refusal: { code: 'insufficient-funds', available: '4.00', shortfall: '5.00' },
        seen: {
          version: 4,
          status: 'open',
          balance: { ledger: '3.00', held: '0.00', available: '4.00' },
          overdraftLimit: '1.00',
          limits: { perDay: '50.00' },
          spentToday: '2.00',
        },
      },
    });
    // What was seen is what the account's own event of that version says.
    const seen = log.eventsOf(ACCOUNT)[3] as LoggedEvent;
    expect(record?.data.seen.balance).toEqual(seen.data.balance);
    expect(record?.at).toBe(seen.at);
  });

  test("given a clock that was set back a day, the record keeps to the account's", async () => {
    const { execute, records, time } = await house();
    const limits = message('l', { type: 'set-limits', perDay: '6.00' });
    await execute(recording('o', { initialDeposit: '9.00' }), limits, withdraw('v', '5.00'));
    time.set('2026-04-29T12:00:00.000Z');
    const [refused] = await execute(withdraw('w', '2.00'));
    expect(said(refused)).toBe('limit-exceeded');
    expect((await records())[0]?.data.seen.spentToday).toBe('5.00');
  });

  test('given what somebody typed, none of it is in the record', async () => {
    const { execute, records } = await house();
    const words = { description: 'für Jana', reference: 'Jana 7', metadata: { to: 'Jana' } };
    const target = { toAccountId: OTHER };
    const transferId = transferIdFor(ACCOUNT, testName('t'));
    await execute({ ...open('p'), accountId: OTHER });
    await execute(
      recording('o', { name: 'Jana' }),
      message('w', { type: 'withdraw', amount: '9.00', ...words }),
      message('t', { type: 'reserve-transfer', amount: '9.00', transferId, ...target, ...words }),
      open('again', { name: 'Jana', initialDeposit: '3.00' }),
    );
    expect((await records()).map(asked)).toEqual([
      'w insufficient-funds',
      't insufficient-funds',
      'again account-already-exists',
    ]);
    expect(JSON.stringify(await records())).not.toMatch(/jana/i);
    expect((await records())[1]?.data.command).toMatchObject({
      ...target,
      transferId,
      amount: '9.00',
    });
  });

  test('given what is no refusal by a rule, or no real command, nothing', async () => {
    const { execute, preview, records } = await house();
    await execute(recording(), deposit('d', '5.00'));
    const dry = await preview(withdraw('p', '9.00'));
    const expireMessage = { type: 'expire-hold', holdId: '00000000-0000-8000-8000-00000000000b' };
    const results = await execute(
      { ...withdraw('w', '9.00'), dryRun: true },
      { ...withdraw('v', '9.00'), ifMatch: [9] },
      reuse('d'),
      deposit('digits', '0.001'),
      message('expire', expireMessage),
    );
    expect([...dry, ...results].map((result) => [said(result), idOf(result)])).toEqual([
      ['insufficient-funds', undefined],
      ['insufficient-funds', undefined],
      ['version-mismatch', undefined],
      ['idempotency-key-reused', undefined],
      ['invalid-request', undefined],
      ['hold-not-found', undefined],
    ]);
    expect(await records()).toEqual([]);
  });

  test('given the setting changes, what comes after it obeys, in the same call too', async () => {
    const { execute, records } = await house();
    await execute(open('o'), withdraw('a'), switched('on', true), withdraw('b'), withdraw('c'));
    await execute(withdraw('d'), switched('off', false), withdraw('e'));
    await execute(withdraw('f'));
    expect((await records()).map(asked)).toEqual([
      'b insufficient-funds',
      'c insufficient-funds',
      'd insufficient-funds',
    ]);
    expect((await records()).map(({ version }) => version)).toEqual([1, 2, 3]);
  });
});

describe('an atomic call', () => {
  test('given one is refused, then with what was undone; not the aborted', async () => {
    const { atomic, execute, records } = await house();
    await execute(recording('o', { initialDeposit: '5.00' }));
    const commands = [deposit('d'), switched('off', false), withdraw('w', '9.00'), deposit('e')];
    const results = await atomic(...commands);
    expect(results.map(said)).toEqual([
      'batch-aborted',
      'batch-aborted',
      'insufficient-funds',
      'batch-aborted',
    ]);
    expect((await records()).map(asked)).toEqual(['w insufficient-funds']);
    expect((await records())[0]?.data.seen).toMatchObject({ version: 2, undone: 2 });
  });
  test('given it would have switched the records on, they are off as before', async () => {
    const { atomic, execute, records } = await house();
    await execute(open('o'));
    await atomic(switched('on', true), withdraw('w'));
    expect(await records()).toEqual([]);
  });
  test('given it would have opened the account, there is nothing to record at', async () => {
    const { atomic, records } = await house();
    const results = await atomic(recording(), withdraw('w'));
    expect(results.map(said)).toEqual(['batch-aborted', 'insufficient-funds']);
    expect(await records()).toEqual([]);
  });
});

describe('a retry', () => {
  test('given a refused command again, it is decided again and has its own record', async () => {
    const { execute, records } = await house();
    await execute(recording());
    const ids = [];
    for (let tries = 0; tries < 3; tries += 1) ids.push(idOf((await execute(withdraw('w')))[0]));
    expect(ids).toEqual([1, 2, 3].map((version) => `${RECORDS}/${version}`));
    expect(new Set((await records()).map(({ commandId }) => commandId)).size).toBe(3);
    await execute(deposit('d'));
    expect((await execute(withdraw('w'))).map(said)).toEqual(['3']);
  });

  test('several refusals of a call are one commit, in the order of the commands', async () => {
    const { journal, counts } = counting(memoryJournal());
    const { execute, records } = await house(journal);
    const ids = Array.from({ length: 50 }, (_, at) => `w${at}`);
    await execute(recording());
    const before = counts.commits;
    await execute(...ids.map((id) => withdraw(id)));
    expect(counts.commits - before).toBe(1);
    expect((await records()).map(({ data }) => data.command.commandId)).toEqual(ids);
  });
});

describe('when the journal fails', () => {
  test.each([true, false])(
    'given a record whose write is in doubt (applied: %s), nothing is answered but that',
    async (applies) => {
      const [journal, log] = [memoryJournal(), testLog()];
      const isLost = ({ writes }: Turn) => writes.some(({ stream }) => stream === RECORDS);
      const broken = await house(losing(journal, applies, isLost), log);
      expect((await broken.execute(recording(), deposit('d'))).map(said)).toEqual(['1', '2']);
      const results = await broken.execute(withdraw('w', '9.00'));
      expect(results.map(said)).toEqual(['service-unavailable']);
      await broken.records();
      broken.stop();
      const whole = await house(journal, log);
      const [again] = await whole.execute(withdraw('w', '9.00'));
      expect(idOf(again)).toBe(`${RECORDS}/${applies ? 2 : 1}`);
      // What was applied in doubt reaches the log as well: there is no hole before the next one.
      const versions = (await whole.records()).map(({ version }) => version);
      expect(versions).toEqual(applies ? [1, 2] : [1]);
    },
  );

  test('given a crash after the record, a new host brings it to the log', async () => {
    const [log, time] = [testLog(), virtualClock()];
    const journal = memoryJournal(time.clock.wall);
    const dead = await house(journal, log, time, false);
    await dead.execute(recording(), withdraw('w'));
    dead.stop();
    const next = await house(journal, log, time);
    await time.pass(6_000);
    expect((await next.records()).map(asked)).toEqual(['w insufficient-funds']);
  });

  test('given records in quarantine, refusals are answered and none is recorded', async () => {
    const { execute, journal, log, time } = await house();
    await execute(recording(), withdraw('w'));
    await journal.quarantine(RECORDS, 'another event 1');
    const other = await house(journal, log, time);
    const results = await other.execute(withdraw('v'), deposit('d'));
    expect(results.map(said)).toEqual(['insufficient-funds', '2']);
    expect(idOf(results[0])).toBeNull();
    const [row] = (await journal.load([RECORDS])).streams;
    expect(row?.version).toBe(1);
  });
});

test('of two hosts that record at once neither loses a record nor forks', async () => {
  const { execute, journal, log, records, time } = await house();
  const rival = await house(journal, log, time);
  await execute(recording());
  const ids = Array.from({ length: 60 }, (_, at) => `w${at}`);
  const results = await Promise.all(
    ids.map(async (id, at) => {
      for (;;) {
        const [result] = await (at % 2 === 0 ? execute : rival.execute)(withdraw(id));
        if (said(result) !== 'service-unavailable') return idOf(result);
      }
    }),
  );
  expect(log.forks).toEqual([]);
  expect(new Set(results).size).toBe(60);
  const recorded = new Map((await records()).map(({ id, data }) => [id, data.command.commandId]));
  expect(results.map((id) => recorded.get(id ?? ''))).toEqual(ids);
});

test('a day takes so many records; the last says so, and the next day begins again', async () => {
  const time = virtualClock('2026-11-21T23:00:00.000Z');
  const { execute, records } = await house(memoryJournal(), testLog(), time);
  await execute(recording());
  const told: (string | null | undefined)[] = [];
  for (let call = 0; call * 100 < REFUSALS_PER_DAY_MAX + 100; call += 1) {
    const results = await execute(...Array.from({ length: 100 }, () => withdraw('w')));
    told.push(...results.map(idOf));
    await time.pass(400);
  }
  expect(told.filter((id) => id === null)).toHaveLength(100);
  expect(told.slice(-100)).toEqual(Array.from({ length: 100 }, () => null));
  expect(await records()).toHaveLength(REFUSALS_PER_DAY_MAX);
  const full = (await records()).filter(({ data }) => data.dayIsFull);
  expect(full.map(({ version }) => version)).toEqual([REFUSALS_PER_DAY_MAX]);
  time.set('2026-11-22T00:00:00.000Z');
  expect(idOf((await execute(withdraw('w')))[0])).toBe(`${RECORDS}/${REFUSALS_PER_DAY_MAX + 1}`);
});

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const amount = fc.integer({ min: 1, max: 900 }).map((cents) => (cents / 100).toFixed(2));
const body = fc.oneof(
  fc.record({ type: fc.constantFrom('deposit', 'withdraw', 'place-hold'), amount }),
  fc.record({ type: fc.constantFrom('freeze', 'unfreeze', 'close') }),
  fc.record({ type: fc.constant('set-overdraft-limit'), amount }),
  fc.record({ type: fc.constant('set-limits'), perDay: amount }),
  fc.record({ type: fc.constant('reverse'), version: fc.integer({ min: 1, max: 12 }) }),
);
interface Call {
  readonly bodies: readonly object[];
  readonly atomic: boolean;
}
const call: fc.Arbitrary<Call> = fc.record({
  bodies: fc.array(body, { minLength: 1, maxLength: 4 }),
  atomic: fc.boolean(),
});

test(`recording changes nothing of the account and misses nothing (SEED=${seed})`, async () => {
  let refusals = 0;
  const life = async (calls: readonly Call[], first: CommandMessage) => {
    const time = virtualClock('2026-11-21T00:00:00.000Z');
    const own = await house(memoryJournal(), testLog(), time);
    const results = await own.execute(first);
    for (const [at, { bodies, atomic }] of calls.entries()) {
      await time.skip(60_000);
      const commands = bodies.map((command, index) => message(`c${at}-${index}`, command));
      results.push(...(await (atomic ? own.atomic : own.execute)(...commands)));
    }
    const records = await own.records();
    own.stop();
    return { ...own, results, records };
  };
  const stripped = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (name, member: unknown) =>
        ['recordRefusals', 'refusalId', 'commandHash', 'prev'].includes(name) ? undefined : member,
      ),
    );
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
      const plain = await life(calls, open('o', { initialDeposit: '5.00' }));
      const kept = await life(calls, recording('o', { initialDeposit: '5.00' }));
      expect(stripped(kept.results)).toEqual(stripped(plain.results));
      expect(stripped(kept.log.eventsOf(ACCOUNT))).toEqual(stripped(plain.log.eventsOf(ACCOUNT)));
      expect(plain.records).toEqual([]);
      const told = kept.results.flatMap((result) => (result.ok ? [] : [result]));
      const byRule = told.filter(({ refusal }) => refusal.code !== 'batch-aborted');
      const { records } = kept;
      expect(records.map(({ id }) => id)).toEqual(byRule.map(({ refusalId }) => refusalId));
      expect(records.map(({ data }) => data.refusal)).toEqual(byRule.map((one) => one.refusal));
      for (const { data } of records) {
        const { version, undone, balance } = data.seen;
        const event = kept.log.eventsOf(ACCOUNT)[version - 1] as LoggedEvent;
        if (undone === undefined) expect(balance).toEqual(event.data.balance);
      }
      refusals += records.length;
    }),
    { seed, numRuns: runsOf(200) },
  );
  expect(refusals).toBeGreaterThan(isEveryRun ? 100 : 0);
});
