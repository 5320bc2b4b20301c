import { TESTER } from '../access/sender-for-tests.ts';
import { bankForTests, type BankForTests } from '../../domain/bank-for-tests.ts';
import type { CommandOf, TransferCommand } from '../../domain/account-commands.ts';
import { ownCommandId, ownerId } from '../../domain/ids.ts';
import { transferIdOf } from '../../domain/transfer-id.ts';
import { minor, ZERO } from '../../domain/money.ts';
import { encodeEvent, type LoggedEvent } from '../account/events.ts';
import { transferAnswer, transferAnswerOf, transferBody } from './transfers.ts';

const UNTIL = '2026-11-21T01:00:00Z';

/** Two accounts of 100.00, and what they did. */
function given(...commands: TransferCommand[]): BankForTests {
  const bank = bankForTests();
  for (const account of [from, to]) {
    const terms = { ownerId: ownerId('jana'), currency: bank.currencyOf(0) };
    const money = { overdraftLimit: ZERO, initialDeposit: minor(10_000n) };
    bank.give(account, { type: 'open-account', ...terms, ...money });
  }
  for (const command of commands) {
    if (command.type === 'expire-transfer') bank.pass(60);
    const own = 'toAccountId' in command && command.toAccountId === from ? to : from;
    expect(bank.transfer(own, command)).toMatchObject({ ok: true });
  }
  return bank;
}
const { id: idOf } = bankForTests();
const [from, to] = [idOf(0), idOf(1)];
const transferId = transferIdOf(from, 7n);
const amount = minor(3_000n);
const rent = { description: 'rent', reference: 'r-1', metadata: { a: 'b' } };
const send: CommandOf<'send-transfer'> = {
  type: 'send-transfer',
  transferId,
  toAccountId: to,
  amount,
  ...rent,
};
const reserve: CommandOf<'reserve-transfer'> = {
  type: 'reserve-transfer',
  transferId,
  toAccountId: to,
  amount,
  ...rent,
  expiresAt: UNTIL,
};
const back = (own: typeof from, fill: bigint, reversed = transferId): TransferCommand => ({
  type: 'send-transfer' as const,
  transferId: transferIdOf(own, fill),
  toAccountId: own === to ? from : to,
  amount,
  reversesTransferId: reversed,
});

/** The events that the names of a transfer lead to: its own, and the first one of its reversal. */
const eventsOf = (bank: BankForTests, wanted = transferId): LoggedEvent[] =>
  bank.entries
    .filter(
      ({ event }) =>
        ('transferId' in event && event.transferId === wanted) ||
        (event.type === 'transfer-sent' && event.reversesTransferId === wanted),
    )
    .map(({ accountId, event, after, commandId: id }) =>
      encodeEvent(accountId, event, after, {
        commandId: ownCommandId(id),
        by: TESTER.by,
        commandHash: 'hash',
      }),
    );
const answerOf = (bank: BankForTests, wanted = transferId) =>
  transferAnswer.parse(transferAnswerOf(eventsOf(bank, wanted)));

const terms = {
  transferId,
  fromAccountId: from,
  toAccountId: to,
  amount: '30.00',
  currency: 'CZK',
  ...rent,
};

describe('a transfer is answered as its events tell', () => {
  test('sent at once: completed, with both balances', () => {
    const answer = answerOf(given(send));
    expect(answer).toMatchObject({
      ...terms,
      status: 'completed',
      from: { balance: { ledger: '70.00' } },
      to: { balance: { ledger: '130.00' } },
    });
    expect(answer.steps.map(({ type }) => type)).toEqual(['transfer-sent', 'transfer-received']);
    for (const member of ['captured', 'reason', 'expiresAt', 'reverses', 'reversedBy']) {
      expect(answer).not.toHaveProperty(member);
    }
  });
  test('reserved: pending, held, and nothing at the target', () => {
    const answer = answerOf(given(reserve));
    expect(answer).toMatchObject({
      ...terms,
      status: 'pending',
      expiresAt: UNTIL,
      from: { balance: { ledger: '100.00', held: '30.00', available: '70.00' } },
    });
    expect(answer).not.toHaveProperty('to');
    expect(answer).not.toHaveProperty('captured');
  });
  test('captured in part: completed, the amount as it was to be', () => {
    const part = minor(1_000n);
    const answer = answerOf(given(reserve, { type: 'capture-transfer', transferId, amount: part }));
    expect(answer).toMatchObject({
      ...terms,
      status: 'completed',
      captured: '10.00',
      expiresAt: UNTIL,
      from: { balance: { ledger: '90.00', held: '0.00' } },
      to: { balance: { ledger: '110.00' } },
    });
    expect(answer.steps.map(({ type }) => type.slice(9))).toEqual([
      'reserved',
      'captured',
      'received',
    ]);
  });
  test.each(['void', 'expire'] as const)('%s: ended without money, and why', (way) => {
    const answer = answerOf(given(reserve, { type: `${way}-transfer`, transferId }));
    const status = way === 'void' ? 'voided' : 'expired';
    expect(answer).toMatchObject({
      ...terms,
      status,
      reason: { code: `transfer-${status}` },
      from: { balance: { ledger: '100.00', held: '0.00' } },
    });
    expect(answer).not.toHaveProperty('to');
    expect(answer.steps).toHaveLength(2);
  });
  test('its events may come in any order', () => {
    const captured = given(reserve, { type: 'capture-transfer', transferId }, back(to, 8n));
    const events = eventsOf(captured);
    const answer = answerOf(captured);
    expect(events).toHaveLength(4);
    const orders = events.flatMap((_, at) => {
      const turned = [...events.slice(at), ...events.slice(0, at)];
      return [turned, turned.toReversed()];
    });
    for (const order of orders) expect(transferAnswerOf(order)).toEqual(answer);
  });
  test('without its first event it cannot be shown', () => {
    const [, ...rest] = eventsOf(given(reserve, { type: 'void-transfer', transferId }));
    for (const events of [[], rest]) expect(() => transferAnswerOf(events)).toThrow('first event');
  });
});

describe('a reversal', () => {
  const [second, third] = [transferIdOf(to, 8n), transferIdOf(from, 9n)];
  const bank = given(send, back(to, 8n), back(from, 9n, second));
  test('names the transfer that it takes back, which names it', () => {
    const answer = answerOf(bank);
    expect(answer).toMatchObject({ ...terms, status: 'completed', reversedBy: second });
    expect(answer).not.toHaveProperty('reverses');
  });
  test('can be taken back itself, and is still the reversal that it was', () => {
    expect(answerOf(bank, second)).toMatchObject({
      transferId: second,
      fromAccountId: to,
      toAccountId: from,
      reverses: transferId,
      reversedBy: third,
      status: 'completed',
    });
    const last = answerOf(bank, third);
    expect(last).toMatchObject({ transferId: third, fromAccountId: from, reverses: second });
    expect(last).not.toHaveProperty('reversedBy');
  });
});

test('an end is for a pending transfer only', () => {
  const body = { fromAccountId: from, toAccountId: to, amount: '1.00' };
  expect(transferBody.safeParse(body).success).toBe(true);
  expect(transferBody.safeParse({ ...body, pending: true, expiresAt: UNTIL }).success).toBe(true);
  for (const wrong of [{ expiresAt: UNTIL }, { pending: false, expiresAt: UNTIL }]) {
    const parsed = transferBody.safeParse({ ...body, ...wrong });
    expect(parsed.error?.issues[0]?.path).toEqual(['expiresAt']);
  }
});
