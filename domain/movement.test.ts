import { accountIdOfSerial } from './account-number.ts';
import type { AccountEvent } from './account-events.ts';
import { holdId, version, type TransferId } from './ids.ts';
import { minor, ZERO } from './money.ts';
import { movementOf, reversalOf } from './movement.ts';

const at = '2026-01-01T00:00:00.000Z';
const amount = minor(500n);
const hold = holdId('00000000-0000-8000-8000-000000000001');
const leg = {
  at,
  amount,
  transferId: '00000000-0000-8000-8000-000000000002' as TransferId,
  otherAccountId: accountIdOfSerial(1n),
};

const REVERSIBLE: readonly AccountEvent[] = [
  { type: 'money-deposited', at, amount },
  { type: 'money-withdrawn', at, amount },
  { type: 'hold-captured', at, amount, holdId: hold, released: minor(7n) },
];
const OTHERS: readonly AccountEvent[] = [
  { type: 'account-frozen', at },
  { type: 'hold-placed', at, amount, holdId: hold },
  { type: 'movement-reversed', at, amount, reverses: version(2), direction: 'credit' },
  { type: 'transfer-sent', ...leg },
  { type: 'transfer-received', ...leg },
  { type: 'transfer-captured', ...leg, released: ZERO },
];

test.each(REVERSIBLE)('a reversal of $type moves the same money the other way', (event) => {
  const reversal = reversalOf(event)!;
  const back = movementOf({ type: 'movement-reversed', at, reverses: version(2), ...reversal });
  const { ledger, external } = movementOf(event);
  expect(ledger).not.toBe(ZERO);
  expect(back).toEqual({ ledger: -ledger, held: ZERO, external: -external });
});

test.each(OTHERS)('$type is taken back by no reversal of a movement', (event) => {
  expect(reversalOf(event)).toBeUndefined();
});
