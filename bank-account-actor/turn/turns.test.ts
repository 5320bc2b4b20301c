import { testName } from '../../contracts/access/sender-for-tests.ts';
import type { CommandMessage, CommandResult } from '../../contracts/account/commands.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { type AccountId, type StreamId } from '../../domain/ids.ts';
import { systemClock } from '../../platform/clock.ts';
import { ACCOUNT, counting, deposit, losing, message, open } from '../host/bank-host-for-tests.ts';
import { said, silent, STREAM, testHost, testLog } from '../host/bank-host-for-tests.ts';
import { virtualClock, withdraw } from '../host/bank-host-for-tests.ts';
import { TURN_BYTES_MAX, type Journal, type Turn } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { createHeldStreams } from './held-streams.ts';
import { createTurns, GIVEN_UP_MS } from './turns.ts';

const [OTHER, THIRD] = [accountIdOfSerial(7n), accountIdOfSerial(8n)];
const at = (accountId: AccountId, one: CommandMessage): CommandMessage => ({ ...one, accountId });
const transfer = (id: string, amount: string, to = OTHER): CommandMessage => {
  const transferId = transferIdFor(ACCOUNT, testName(id));
  return message(id, { type: 'send-transfer', transferId, toAccountId: to, amount });
};
const codes = async (results: Promise<readonly CommandResult[]>): Promise<string[]> =>
  (await results).map(said);
type House = Awaited<ReturnType<typeof testHost>>;
/** Each command in a call of its own, all at the same time. */
const atOnce = async (host: House, commands: readonly CommandMessage[]): Promise<string[]> =>
  (await Promise.all(commands.map((one) => host.execute([one])))).flat().map(said);

describe('one turn', () => {
  test('given many accounts at once, all their commands are one commit', async () => {
    const { journal, counts } = counting(memoryJournal());
    const host = await testHost(journal);
    const accounts = Array.from({ length: 100 }, (_, n) => accountIdOfSerial(BigInt(n + 100)));
    await atOnce(
      host,
      accounts.map((id) => at(id, open('o'))),
    );
    const before = counts.commits;
    const told = await atOnce(
      host,
      accounts.map((id) => at(id, deposit('d'))),
    );
    expect(told).toEqual(accounts.map(() => '2'));
    expect(counts.commits - before).toBe(1);
  });
  test('given two accounts, a transfer is one turn and answered again alike', async () => {
    const host = await testHost();
    await host.execute([open('o', { initialDeposit: '5.00' }), at(OTHER, open('p'))]);
    const [sent] = await host.execute([transfer('t', '2.00')]);
    const types = sent?.ok === true ? sent.events.map(({ type }) => type) : [];
    expect([said(sent), ...types]).toEqual(['3+2', 'transfer-sent', 'transfer-received']);
    const [again] = await host.execute([transfer('t', '2.00')]);
    expect(again).toEqual({ ...sent, replayed: true });
    expect(await codes(host.execute([withdraw('w', '4.00')]))).toEqual(['insufficient-funds']);
  });
  test('given more than it may carry, it is cut, and the rest goes in its order', async () => {
    const turns: Turn[] = [];
    const memory = memoryJournal();
    const commit: Journal['commit'] = (turn) => (turns.push(turn), memory.commit(turn));
    const host = await testHost({ ...memory, commit });
    const accounts = Array.from({ length: 400 }, (_, n) => accountIdOfSerial(BigInt(n + 100)));
    const metadata = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [`k${n}`, 'm'.repeat(500)]),
    );
    const bodies = accounts.flatMap((id) => [
      at(id, open('o', { initialDeposit: '1.00', metadata })),
      at(id, withdraw('w')),
      at(id, withdraw('v')),
    ]);
    const told = await atOnce(host, bodies);
    expect(told).toEqual(accounts.flatMap(() => ['1+2', '3', 'insufficient-funds']));
    const sizes = turns.map((turn) => JSON.stringify(turn).length);
    expect(sizes.length).toBeGreaterThan(2);
    // It is cut before the commit: one that the journal refuses would go piece by piece.
    expect(sizes.length).toBeLessThan(40);
    // Its events stand as text within text, and its states and names are written as well.
    expect(Math.max(...sizes)).toBeLessThan(2 * TURN_BYTES_MAX);
  });
  test('given one command that a bug meets, it alone fails', async () => {
    const relay = { restore: () => undefined, add: () => undefined, isFull: () => false };
    const log = testLog().client;
    const ports = { journal: memoryJournal(), log, held: createHeldStreams(), relay };
    const turns = createTurns({ ...ports, clock: systemClock, logger: silent });
    const work = (decide: () => string[]) =>
      turns.execute({ streams: [], commands: 1, size: 1, deadlineMs: Infinity, decide });
    const broken = () => {
      throw new Error('a bug');
    };
    const told = await Promise.all([work(() => ['a']), work(broken), work(() => ['b'])]);
    const refusal = { code: 'service-unavailable', reason: 'the command could not be decided' };
    expect(told).toEqual([['a'], [{ ok: false, refusal }], ['b']]);
  });
  test('given one row that cannot be read, its account alone fails', async () => {
    const memory = memoryJournal();
    const first = await testHost(memory);
    await first.execute([open('o'), at(OTHER, open('p'))]);
    const load: Journal['load'] = async (streams, names) => {
      const found = await memory.load(streams, names);
      const rows = found.streams.map((row) =>
        row.stream === STREAM ? { ...row, state: '{"what":1}' } : row,
      );
      return { ...found, streams: rows };
    };
    const host = await testHost({ ...memory, load });
    const told = await atOnce(host, [deposit('d'), at(OTHER, deposit('e')), deposit('f')]);
    expect(told).toEqual(['service-unavailable', '2', 'service-unavailable']);
  });
  test('given an owner whose row cannot be read, they are not said to be missing', async () => {
    const memory = memoryJournal();
    const load: Journal['load'] = async (streams, names) => {
      const found = await memory.load(streams, names);
      return { ...found, streams: found.streams.map((row) => ({ ...row, state: '{"what":1}' })) };
    };
    const host = await testHost({ ...memory, load });
    expect(await codes(host.execute([open('o')]))).toEqual(['service-unavailable']);
  });
  test('given a turn that the journal refuses, only who is to blame fails', async () => {
    const memory = memoryJournal();
    const commit: Journal['commit'] = (turn) =>
      turn.writes.some(({ stream }) => stream === STREAM)
        ? Promise.reject(new RangeError('too large'))
        : memory.commit(turn);
    const host = await testHost({ ...memory, commit });
    const told = await atOnce(host, [open('o'), at(OTHER, open('p')), at(OTHER, deposit('d'))]);
    expect(told).toEqual(['service-unavailable', '1', '2']);
  });
  test('given an atomic group that no row can hold, it is to be sent in parts', async () => {
    const host = await testHost();
    await host.execute([open('o'), at(OTHER, open('p'))]);
    const metadata = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [`k${n}`, '字'.repeat(500)]),
    );
    const body = { type: 'deposit', amount: '1.00', metadata } as const;
    const large = Array.from({ length: 60 }, (_, n) => message(`l${n}`, body));
    const told = await host.execute(large, { atomic: true });
    const hint: unknown = expect.stringMatching(/send it in parts/);
    const refusal = { code: 'invalid-request', at: '', message: hint };
    expect(told).toEqual(large.map(() => ({ ok: false, refusal })));
    expect(await codes(host.execute([at(OTHER, deposit('e')), deposit('d')]))).toEqual(['2', '2']);
  });
  test('given digits that the currency does not have, the amount is refused', async () => {
    const host = await testHost();
    const [, result] = await host.execute([open('o'), deposit('d', '0.001')]);
    const refusal = { code: 'invalid-request', at: '/amount' };
    expect(result).toMatchObject({ ok: false, refusal });
  });
  test('given If-Match of another version, it is refused with the present one', async () => {
    const host = await testHost();
    const results = await host.execute([open('o'), deposit('d', '1.00', { ifMatch: [7] })]);
    expect(results[1]).toEqual({ ok: false, refusal: { code: 'version-mismatch', version: 1 } });
    expect(await codes(host.execute([deposit('e', '1.00', { ifMatch: [1] })]))).toEqual(['2']);
  });
  test('given only refusals, nothing is written', async () => {
    const host = await testHost();
    expect(await codes(host.execute([deposit('d')]))).toEqual(['account-not-found']);
    expect((await host.journal.load([STREAM])).streams).toEqual([]);
  });
  test('given several commands in a call, they are decided in order', async () => {
    const host = await testHost();
    const commands = [open('o'), deposit('d', '2.00'), withdraw('w', '3.00'), withdraw('v')];
    expect(await codes(host.execute(commands))).toEqual(['1', '2', 'insufficient-funds', '3']);
  });
});

describe('text of which a character takes three bytes', () => {
  const metadata = Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [`k${n}`, '銀'.repeat(500)]),
  );
  const long = (id: string, more: object = {}) =>
    message(id, { type: 'deposit', amount: '1.00', metadata, ...more });
  const refusing = () => {
    const memory = memoryJournal();
    let refused = 0;
    const commit: Journal['commit'] = (turn) =>
      memory.commit(turn).catch((error: unknown) => {
        refused += 1;
        throw error;
      });
    return { journal: { ...memory, commit }, refused: () => refused };
  };

  test('given many accounts, a turn is cut before the journal refuses it', async () => {
    const { journal, refused } = refusing();
    const host = await testHost(journal);
    const accounts = Array.from({ length: 100 }, (_, n) => accountIdOfSerial(BigInt(n + 100)));
    const bodies = accounts.flatMap((id) => [at(id, open('o')), at(id, long('d'))]);
    expect(await atOnce(host, bodies)).toEqual(accounts.flatMap(() => ['1', '2']));
    expect(refused()).toBe(0);
  });
  test('given a log that is away, an account is sent back before its row is too big', async () => {
    const [{ journal, refused }, log, time] = [refusing(), testLog(), virtualClock()];
    const host = await testHost(journal, log, { clock: time.clock });
    host.start();
    const terms = { type: 'place-hold', amount: '0.01', description: '銀'.repeat(200) };
    const holds = Array.from({ length: 150 }, (_, n) => message(`h${n}`, terms));
    await host.execute([open('o', { initialDeposit: '9.00', metadata }), ...holds]);
    await time.pass(5_000);
    host.stop();
    log.take = () => undefined;
    const told: string[] = [];
    for (let n = 0; n < 60; n += 1) told.push(...(await codes(host.execute([long(`d${n}`)]))));
    expect(told.at(-1)).toBe('service-unavailable');
    expect(refused()).toBe(0);
  });
});

describe('a command id is executed once, permanently', () => {
  test('given the same id in one call or at once, all others are its replays', async () => {
    const host = await testHost();
    const told = await codes(host.execute([open('o'), deposit('d'), deposit('d')]));
    expect(told).toEqual(['1', '2', '2 again']);
    const [first, second] = await Promise.all([
      host.execute([deposit('e')]),
      host.execute([deposit('e')]),
    ]);
    expect([said(first[0]), said(second[0])]).toEqual(['3', '3 again']);
    expect({ ...second[0], replayed: false }).toEqual(first[0]);
  });
  test('given the same id with another body, it is refused', async () => {
    const host = await testHost();
    await host.execute([open('o'), deposit('d', '1.00')]);
    expect(await codes(host.execute([deposit('d', '1.01')]))).toEqual(['idempotency-key-reused']);
  });
  test('given 10,000 other commands and a restart, the id still answers what it did', async () => {
    const [journal, log, time] = [memoryJournal(), testLog(), virtualClock()];
    const host = await testHost(journal, log, { clock: time.clock });
    host.start();
    const begin = [open('o', { initialDeposit: '5.00' }), deposit('d', '2.00')];
    const first = await host.execute(begin);
    for (let call = 0; call < 100; call += 1) {
      await host.execute(Array.from({ length: 100 }, (_, n) => deposit(`x${call}-${n}`)));
      await time.pass(400);
    }
    const again = await (await testHost(journal, log)).execute(begin);
    expect(again.map(said)).toEqual(['1+2 again', '3 again']);
    expect(again.map((result) => ({ ...result, replayed: false }))).toEqual(first);
    expect(log.eventsOf(ACCOUNT)).toHaveLength(10_003);
  }, 60_000);
  test('given a refused command, its retry is decided afresh', async () => {
    const host = await testHost();
    const [, refused] = await codes(host.execute([open('o'), withdraw('w')]));
    expect(refused).toBe('insufficient-funds');
    expect(await codes(host.execute([deposit('d'), withdraw('w')]))).toEqual(['2', '3']);
  });
  test('given the log is away, new ids are executed, what it alone knows is not', async () => {
    const [journal, log, time] = [memoryJournal(), testLog(), virtualClock()];
    const host = await testHost(journal, log, { clock: time.clock });
    host.start();
    await host.execute([open('o')]);
    await time.pass(3_000);
    log.client.read = () => Promise.reject(new Error('away'));
    const next = await testHost(journal, log);
    expect(await codes(next.execute([open('o')]))).toEqual(['service-unavailable']);
    expect(await codes(next.execute([deposit('d')]))).toEqual(['2']);
    // In one group the second may rest on what the first one did.
    const told = await codes(next.execute([open('o'), deposit('e')]));
    expect(told).toEqual(['service-unavailable', 'service-unavailable']);
  });
});

describe('a preview', () => {
  test('answers as the command would, and writes nothing', async () => {
    const host = await testHost();
    await host.execute([open('o')]);
    const dry = deposit('d', '2.00', { dryRun: true });
    expect(await codes(host.execute([dry, deposit('d', '2.00')]))).toEqual(['2', '2']);
    const [row] = (await host.journal.load([STREAM])).streams;
    expect(row?.version).toBe(2);
  });
  test('of several commands decides them one after the other', async () => {
    const host = await testHost();
    await host.execute([open('o')]);
    const commands = [deposit('d', '2.00'), withdraw('w', '2.00'), withdraw('v')];
    const told = await codes(host.execute(commands, { dryRun: true }));
    expect(told).toEqual(['2', '3', 'insufficient-funds']);
    const [row] = (await host.journal.load([STREAM])).streams;
    expect(row?.version).toBe(1);
  });
  test('of a command that was executed answers what it did', async () => {
    const host = await testHost();
    await host.execute([open('o'), deposit('d')]);
    expect(await codes(host.execute([deposit('d')], { dryRun: true }))).toEqual(['2 again']);
    const dry = deposit('d', '1.00', { dryRun: true });
    expect(await codes(host.execute([dry]))).toEqual(['2 again']);
  });
});

describe('an atomic group', () => {
  const opened = async (): Promise<House> => {
    const host = await testHost();
    await host.execute([open('o', { initialDeposit: '5.00' }), at(OTHER, open('p'))]);
    return host;
  };
  test('over several accounts is executed on all of them, in one commit', async () => {
    const host = await opened();
    const commands = [
      withdraw('w', '2.00'),
      at(OTHER, deposit('d', '2.00')),
      transfer('t', '1.00'),
    ];
    expect(await codes(host.execute(commands, { atomic: true }))).toEqual(['3', '2', '4+3']);
  });
  test('of which one is refused is executed on none', async () => {
    const host = await opened();
    const commands = [at(OTHER, deposit('d', '2.00')), withdraw('w', '9.00'), deposit('e')];
    const told = await codes(host.execute(commands, { atomic: true }));
    expect(told).toEqual(['batch-aborted', 'insufficient-funds', 'batch-aborted']);
    const { streams } = await host.journal.load([STREAM, streamOf(OTHER)]);
    expect(streams.map(({ version }) => version)).toEqual([2, 1]);
  });
  test('that is aborted says of no repetition within it that it was executed', async () => {
    const host = await opened();
    const commands = [deposit('d'), deposit('d'), withdraw('w', '9.00')];
    const told = await codes(host.execute(commands, { atomic: true }));
    expect(told).toEqual(['batch-aborted', 'batch-aborted', 'insufficient-funds']);
    expect((await host.journal.load([STREAM])).streams[0]?.version).toBe(2);
  });
  test('that is aborted still knows what was executed before', async () => {
    const host = await opened();
    await host.execute([withdraw('w', '1.00')]);
    // Were the first one new, nothing would be left for the second.
    const commands = [withdraw('w', '1.00'), withdraw('v', '4.00'), withdraw('u', '0.01')];
    const told = await codes(host.execute(commands, { atomic: true }));
    expect(told).toEqual(['3 again', 'batch-aborted', 'insufficient-funds']);
  });
});

describe('two hosts hold the same account', () => {
  const rivals = async (): Promise<[House, House]> => {
    const [journal, log] = [memoryJournal(), testLog()];
    return [await testHost(journal, log), await testHost(journal, log, { host: 'host2' })];
  };
  test('each decides on what the other committed', async () => {
    const [a, b] = await rivals();
    await a.execute([open('o', { initialDeposit: '5.00' })]);
    expect(await codes(b.execute([withdraw('w', '3.00')]))).toEqual(['3']);
    expect(await codes(a.execute([withdraw('w', '3.00')]))).toEqual(['3 again']);
    expect(await codes(a.execute([deposit('d')]))).toEqual(['4']);
    expect(await codes(b.execute([deposit('d')]))).toEqual(['4 again']);
  });
  test('a refusal stands only on what the rival left', async () => {
    const [a, b] = await rivals();
    await a.execute([open('o', { initialDeposit: '5.00' })]);
    await b.execute([deposit('d', '5.00')]);
    expect(await codes(a.execute([withdraw('w', '9.00')]))).toEqual(['4']);
    await b.execute([withdraw('v', '1.00')]);
    expect(await codes(a.execute([withdraw('w2', '1.00')]))).toEqual(['insufficient-funds']);
    // The first withdrawal is known there, and not refused although nothing is left for it.
    expect(await codes(b.execute([withdraw('w', '9.00')]))).toEqual(['4 again']);
  });
  test('of two that commit at once one wins, the other decides again after it', async () => {
    const [a, b] = await rivals();
    await a.execute([open('o', { initialDeposit: '1.00' })]);
    await b.execute([deposit('d')]);
    const told = await Promise.all([
      codes(a.execute([withdraw('w', '2.00')])),
      codes(b.execute([withdraw('v', '2.00')])),
    ]);
    expect(told.flat().sort()).toEqual(['4', 'insufficient-funds']);
    expect(a.log.forks).toEqual([]);
  });
  test('200 commands over both: each executed once, none sent back, no version twice', async () => {
    const [a, b] = await rivals();
    await a.execute([open('o')]);
    const versions = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        // Spread over many turns of both, which meet at nearly every commit.
        for (let round = 0; round < n % 40; round += 1) await new Promise(setImmediate);
        const [result] = await (n % 2 === 0 ? a : b).execute([deposit(`d${n}`)]);
        return result?.ok === true ? Number(result.events[0]?.version) : said(result);
      }),
    );
    expect(versions.sort((x, y) => Number(x) - Number(y))).toEqual(
      Array.from({ length: 200 }, (_, n) => n + 2),
    );
    expect(a.log.forks).toEqual([]);
  });
  test('who takes over from another decides again without a pause', async () => {
    const [journal, log, time] = [memoryJournal(), testLog(), virtualClock()];
    const [first, next] = [
      await testHost(journal, log, { clock: time.clock }),
      await testHost(journal, log, { clock: time.clock, host: 'host2' }),
    ];
    await first.execute([open('o')]);
    // No time passes here.
    expect(await codes(next.execute([open('o')]))).toEqual(['1 again']);
    await first.execute([deposit('d')]);
    expect(await codes(next.execute([deposit('e')]))).toEqual(['3']);
  });
  test('a rival always first on one account lets the others of the turn go on', async () => {
    const memory = memoryJournal();
    const commit: Journal['commit'] = (turn) =>
      turn.writes.some(({ stream }) => stream === STREAM)
        ? Promise.resolve({ outcome: 'overtaken', streams: [STREAM] })
        : memory.commit(turn);
    const host = await testHost({ ...memory, commit });
    const told = await atOnce(host, [open('o'), at(OTHER, open('p')), at(OTHER, deposit('d'))]);
    expect(told).toEqual(['service-unavailable', '1', '2']);
  });
  test('a rival that is first for a tenth of a second sends no command back', async () => {
    const [memory, time] = [memoryJournal(), virtualClock()];
    const until = time.clock.steady() + 100;
    const commit: Journal['commit'] = (turn) =>
      time.clock.steady() < until
        ? Promise.resolve({ outcome: 'overtaken', streams: [STREAM] })
        : memory.commit(turn);
    const host = await testHost({ ...memory, commit }, testLog(), { clock: time.clock });
    const told = codes(host.execute([open('o')]));
    await time.pass(200);
    expect(await told).toEqual(['1']);
  });
  test('a rival that is always first does not make it decide indefinitely', async () => {
    const memory = memoryJournal();
    let commits = 0;
    const commit: Journal['commit'] = (turn) => {
      commits += 1;
      const streams = turn.writes.map(({ stream }) => stream);
      return Promise.resolve({ outcome: 'overtaken', streams });
    };
    const host = await testHost({ ...memory, commit });
    expect(await codes(host.execute([open('o')]))).toEqual(['service-unavailable']);
    expect(commits).toBeLessThan(20);
  });
});

describe('an answer of the journal is lost', () => {
  const isLost = ({ names }: Turn): boolean => names.some(({ name }) => name.endsWith('lost'));
  test.each([true, false])(
    'given the write was applied (%s), a retry tells the truth and executes once',
    async (applies) => {
      const [journal, log] = [memoryJournal(), testLog()];
      const broken = await testHost(losing(journal, applies, isLost), log);
      await broken.execute([open('o')]);
      expect(await codes(broken.execute([deposit('lost')]))).toEqual(['service-unavailable']);
      const whole = await testHost(journal, log);
      const told = await codes(whole.execute([deposit('lost')]));
      expect(told).toEqual([applies ? '2 again' : '2']);
      expect(await codes(broken.execute([deposit('next')]))).toEqual(['3']);
    },
  );
  test('a write that is applied late, after others went on, changes nothing', async () => {
    const memory = memoryJournal();
    const late: Turn[] = [];
    const commit: Journal['commit'] = (turn) => {
      if (!isLost(turn)) return memory.commit(turn);
      late.push(turn);
      return Promise.reject(new Error('no answer'));
    };
    const host = await testHost({ ...memory, commit });
    await host.execute([open('o')]);
    await host.execute([deposit('lost', '7.00')]);
    expect(await codes(host.execute([deposit('d')]))).toEqual(['2']);
    expect(late).toHaveLength(1);
    expect(await memory.commit(late[0]!)).toMatchObject({ outcome: 'overtaken' });
    const [row] = (await memory.load([STREAM])).streams;
    expect(row).toMatchObject({ version: 2 });
    expect(row?.state).toContain('"1.00"');
  });
});

// Finding H: they were executed an hour later.
test('commands that all gave up on are not executed when the journal comes back', async () => {
  const [memory, time] = [memoryJournal(), virtualClock()];
  let isBack: () => void = () => undefined;
  let gate: Promise<void> | undefined;
  const load: Journal['load'] = async (streams, names) => {
    await gate;
    return memory.load(streams, names);
  };
  const first = await testHost(memory, testLog(), { clock: time.clock });
  await first.execute([open('o')]);
  const host = await testHost({ ...memory, load }, testLog(), { clock: time.clock });
  gate = new Promise((resolve) => (isBack = resolve));
  const held = host.execute([deposit('held')]);
  await time.pass(1_000);
  // They wait behind the turn that waits for the journal.
  const given = Array.from({ length: 50 }, (_, n) => host.execute([deposit(`d${n}`)]));
  await time.pass(10_000 + GIVEN_UP_MS + 1_000);
  expect(host.counts().waitingCommands).toBe(50);
  const later = host.execute([deposit('new')]);
  isBack();
  // The one whose turn waited for the journal is given up as well: that is looked at last.
  const told = (await Promise.all([held, ...given])).flat();
  expect(new Set(told.map(said))).toEqual(new Set(['service-unavailable']));
  expect(await codes(later)).toEqual(['2']);
  expect(host.counts().waitingCommands).toBe(0);
});

// Finding H: what everybody gave up on was kept without a limit while the journal was away.
test.each([
  ['commands', { commands: 100, size: 1 }, 100],
  ['characters', { commands: 1, size: 1024 * 1024 }, 64],
])(
  'while the journal is away so many %s wait, of one account half of it, and more are sent back',
  async (_of, one, most) => {
    const away = () => new Promise<never>(() => undefined);
    const relay = { restore: () => undefined, add: () => undefined, isFull: () => false };
    const ports = { journal: { load: away, commit: away }, log: testLog().client, relay };
    const turns = createTurns({
      ...ports,
      held: createHeldStreams(),
      clock: systemClock,
      logger: silent,
    });
    const call = (stream: StreamId): Promise<string> =>
      turns
        .execute<never>({
          ...one,
          streams: [stream],
          deadlineMs: Infinity,
          decide: (draft) => void draft.read(stream),
        })
        .then(([result]) => Object.values(result!.refusal).join(': '));
    for (const stream of [STREAM, streamOf(OTHER)]) {
      void call(stream);
      await new Promise(setImmediate);
    }
    // The first ones are in their turns, which wait for the journal.
    const later = () => new Promise<string>((resolve) => void setTimeout(resolve, 50, 'waits'));
    const hot = Array.from({ length: most / 2 }, () => call(STREAM));
    expect(await Promise.race([...hot, later()])).toBe('waits');
    expect(await Promise.race([call(STREAM), later()])).toBe(
      'service-unavailable: too many commands wait',
    );
    // One account has not taken the room of the others.
    const other = Array.from({ length: most / 2 }, () => call(streamOf(OTHER)));
    expect(await Promise.race([...other, later()])).toBe('waits');
    expect(await Promise.race([call(streamOf(OTHER)), later()])).toBe(
      'service-unavailable: too many commands wait',
    );
    expect(await Promise.race([call(streamOf(THIRD)), later()])).toBe(
      'service-unavailable: too many commands wait',
    );
  },
);
