import type { AccountEvent } from './account-events.ts';
import type { Currency } from './currency.ts';
import { bankForTests } from './bank-for-tests.ts';
import { STEPS } from './commands-for-tests.ts';
import { createLedgerCheck, moved, type TrialBalance } from './invariants.ts';
import { LEDGER_EVENTS, movementOf } from './movement.ts';

/** One of them alone may end with all of its accounts closed early. */
const BANKS = 12;
const LIVES = 25;

/** Many different numbers, the same in every run. */
const someOf = (step: number): number => (step * 2_654_435_761) % 4_294_967_296;

function livedIn(place: number) {
  const bank = bankForTests({ currencies: ['CZK', 'JPY'] });
  const first = place * LIVES * STEPS.length;
  for (let step = first; step < first + LIVES * STEPS.length; step += 1) {
    const some = someOf(step);
    bank.step({
      account: step % 5,
      kind: Math.floor(some / 64) % STEPS.length,
      amount: BigInt(1 + (step % 97)),
      pick: some % 4_001,
      minutes: 3,
    });
  }
  return bank;
}

test('what events change without their accounts is what the accounts change', () => {
  const seen = new Set<AccountEvent['type']>();
  for (let place = 0; place < BANKS; place += 1) {
    const check = createLedgerCheck();
    const totals = new Map<Currency, TrialBalance>();
    for (const { accountId, commandId, event, before, after } of livedIn(place).entries) {
      const { version, ledger: ledgerAfter, currency } = after;
      check.observe({ accountId, commandId, event, version, ledgerAfter });
      totals.set(currency, moved(totals.get(currency), event, movementOf(event).ledger));
      if (before.status !== 'none' && before.ledger !== after.ledger) seen.add(event.type);
    }
    expect(totals).toEqual(check.totals());
  }
  // A sum that never moved says nothing.
  expect([...seen].sort()).toEqual(LEDGER_EVENTS.toSorted());
});
