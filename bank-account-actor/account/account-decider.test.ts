import { testName } from '../../contracts/access/sender-for-tests.ts';
import { executeAnswer, type CommandMessage } from '../../contracts/account/commands.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { commandId, type AccountId, type TransferId } from '../../domain/ids.ts';
import { ACCOUNT, counting, deposit, message, open, said } from '../host/bank-host-for-tests.ts';
import { testHost, testLog, virtualClock, withdraw } from '../host/bank-host-for-tests.ts';
import { memoryJournal } from '../journal/memory-journal.ts';

const OTHER = accountIdOfSerial(7n);
const THIRD = accountIdOfSerial(8n);
const at = (accountId: AccountId, one: CommandMessage): CommandMessage => ({ ...one, accountId });
const idOf = (key: string): TransferId => transferIdFor(ACCOUNT, testName(key));
const send = (key: string, amount = '2.00', more: object = {}) =>
  message(key, {
    type: 'send-transfer',
    transferId: idOf(key),
    toAccountId: OTHER,
    amount,
    ...more,
  });
const reserve = (key: string, amount = '2.00', more: object = {}) =>
  send(key, amount, { type: 'reserve-transfer', ...more });
const end = (key: string, type: string, of: string, more: object = {}) =>
  message(key, { type: `${type}-transfer`, transferId: idOf(of), ...more });

async function house() {
  const [memory, log, time] = [memoryJournal(), testLog(), virtualClock()];
  const { journal, counts } = counting(memory);
  const host = await testHost(journal, log, { clock: time.clock });
  host.start();
  await host.execute([open('o', { initialDeposit: '10.00' }), at(OTHER, open('p'))]);
  const codes = async (...commands: CommandMessage[]): Promise<string[]> =>
    (await host.execute(commands)).map(said);
  const next = () => testHost(journal, log, { clock: time.clock, host: 'host2' });
  return { ...host, counts, time, codes, log, next };
}

describe('what was executed is always answered alike', () => {
  test.each(['at once', 'when its events are in the log only', 'by another host'])(
    'given a transfer in each of its ways, %s',
    async (how) => {
      const built = await house();
      const commands = [
        send('s'),
        reserve('r', '3.00'),
        end('c', 'capture', 'r', { amount: '1.00' }),
        reserve('q'),
        end('v', 'void', 'q'),
      ];
      const first = await built.execute(commands);
      expect(first.map(said)).toEqual(['3+2', '4', '5+3', '6', '7']);
      if (how !== 'at once') await built.time.pass(5_000);
      const host = how === 'by another host' ? await built.next() : built;
      const again = await host.execute(commands);
      expect(again.map((result) => ({ ...result, replayed: false }))).toEqual(first);
      expect(again.map(said)).toEqual(['3+2', '4', '5+3', '6', '7'].map((one) => `${one} again`));
      executeAnswer.parse({ host: 'host1', groups: [{ results: again }] });
      built.stop();
    },
  );
  test('given another body under the id of a transfer, it is refused', async () => {
    const { codes, stop } = await house();
    expect(await codes(send('s'), send('s', '2.01'))).toEqual(['3+2', 'idempotency-key-reused']);
    stop();
  });
  // Finding A3: two reservations with one id paid twice, and the account's log ended.
  test('given a second key with the same transfer id, it moves nothing', async () => {
    const { codes, log, time, stop } = await house();
    const same = (key: string, type: string, amount: string) =>
      message(key, { type, transferId: idOf('k1'), toAccountId: OTHER, amount });
    const told = await codes(
      same('k1', 'reserve-transfer', '1.00'),
      same('k2', 'reserve-transfer', '5.00'),
      same('k3', 'send-transfer', '5.00'),
      end('c', 'capture', 'k1'),
      same('k4', 'reserve-transfer', '5.00'),
    );
    const reused = 'idempotency-key-reused';
    expect(told).toEqual(['3', reused, reused, '4+2', reused]);
    const sent = await codes(
      same('k5', 'send-transfer', '5.00'),
      send('s', '2.00'),
      message('k6', {
        type: 'send-transfer',
        transferId: idOf('s'),
        toAccountId: OTHER,
        amount: '2.00',
      }),
      message('k7', {
        type: 'reserve-transfer',
        transferId: idOf('s'),
        toAccountId: THIRD,
        amount: '2.00',
      }),
    );
    expect(sent).toEqual([reused, '5+3', reused, reused]);
    await time.pass(3_000);
    expect(log.forks).toEqual([]);
    expect(log.eventsOf(OTHER).at(-1)?.data).toMatchObject({ balance: { ledger: '3.00' } });
    stop();
  });
});

describe('a transfer', () => {
  test('given what the target would refuse, it is refused at once and holds nothing', async () => {
    const { execute, codes, log, time, stop } = await house();
    await codes(
      at(OTHER, message('f', { type: 'freeze' })),
      at(THIRD, open('t', { currency: 'EUR' })),
    );
    const missing = accountIdOfSerial(9n);
    const results = await execute([
      reserve('a'),
      send('b', '2.00', { toAccountId: THIRD }),
      reserve('c', '2.00', { toAccountId: missing }),
      send('d', '99.00', { toAccountId: THIRD }),
    ]);
    const sides = results.map((one) => (one.ok ? 'ok' : `${one.refusal.code} ${one.accountId}`));
    expect(sides.slice(0, 3)).toEqual([
      `account-frozen ${OTHER}`,
      `currency-mismatch ${THIRD}`,
      `account-not-found ${missing}`,
    ]);
    await time.pass(3_000);
    expect(log.eventsOf(ACCOUNT)).toHaveLength(2);
    stop();
  });
  test('given a reversal, it is granted once, and knows the transfer from the past', async () => {
    const { codes, time, stop } = await house();
    await codes(send('s', '2.00'));
    await time.pass(3_000);
    const back = (key: string) => {
      const transferId = transferIdFor(OTHER, testName(key));
      const reversesTransferId = idOf('s');
      const terms = { transferId, toAccountId: ACCOUNT, amount: '2.00', reversesTransferId };
      return at(OTHER, message(key, { type: 'send-transfer', ...terms }));
    };
    expect(await codes(back('b1'), back('b2'))).toEqual(['3+4', 'already-reversed']);
    await time.pass(3_000);
    expect(await codes(back('b1'), back('b3'))).toEqual(['3+4 again', 'already-reversed']);
    stop();
  });
  test('given its source is its target, nothing is moved', async () => {
    const { execute, log, stop } = await house();
    const [result] = await execute([send('s', '2.00', { toAccountId: ACCOUNT })]);
    expect(result?.ok).toBe(false);
    expect(log.eventsOf(ACCOUNT).length).toBeLessThanOrEqual(2);
    stop();
  });
});

test('given the past is asked for, one question reads it for all commands', async () => {
  const { codes, execute, counts, time, next, stop } = await house();
  await codes(...Array.from({ length: 20 }, (_, n) => deposit(`d${n}`)));
  await time.pass(3_000);
  const reverse = (n: number) => message(`r${n}`, { type: 'reverse', version: n + 3 });
  const host = await next();
  const loads = counts.loads;
  const results = await host.execute(Array.from({ length: 20 }, (_, n) => reverse(n)));
  expect(results.every(({ ok }) => ok)).toBe(true);
  expect(counts.loads - loads).toBeLessThanOrEqual(4);
  const twice = { ...reverse(3), commandId: commandId('twice') };
  expect((await execute([twice])).map(said)).toEqual(['already-reversed']);
  stop();
});

test('given the clock goes back, times of an account do not', async () => {
  const { codes, log, time, stop } = await house();
  await codes(deposit('d'));
  time.set('2020-01-01T00:00:00.000Z');
  await codes(withdraw('w'), send('s'));
  await time.pass(3_000);
  const times = log.eventsOf(ACCOUNT).map(({ at: told }) => told);
  expect(times).toEqual([...times].sort());
  expect(log.eventsOf(OTHER).at(-1)?.at).toBe(times.at(-1));
  stop();
});

test('given a lookup, it tells what the account executed or ended under each name', async () => {
  const { codes, lookup, time, stop } = await house();
  await codes(send('s'), reserve('r'), end('c', 'capture', 'r'));
  const names = [
    testName('o'),
    testName('s'),
    `transfer ${idOf('r')}`,
    `transfer-end ${idOf('r')}`,
    'never',
  ];
  const versions = (found: Awaited<ReturnType<typeof lookup>>['found']) =>
    found.map((events) => events?.map(({ version }) => Number(version)));
  const expected = [[1, 2], [3], [4], [5], undefined];
  expect(versions((await lookup(ACCOUNT, names)).found)).toEqual(expected);
  await time.pass(3_000);
  expect(versions((await lookup(ACCOUNT, names)).found)).toEqual(expected);
  stop();
});
