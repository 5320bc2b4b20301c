import type { AccountEvent } from './account-events.ts';
import type { Currency } from './currency.ts';
import { bankForTests } from './bank-for-tests.ts';
import { STEPS } from './commands-for-tests.ts';
import { createLedgerCheck, moved, type TrialBalance } from './invariants.ts';
import { LEDGER_EVENTS, movementOf } from './movement.ts';

const LIVES = 300;

test('what events change without their accounts is what the accounts change', () => {
  const bank = bankForTests({ currencies: ['CZK', 'JPY'] });
  for (let step = 0; step < LIVES * STEPS.length; step += 1) {
    // Many different numbers, the same in every run.
    const some = (step * 2_654_435_761) % 4_294_967_296;
    const kind = Math.floor(some / 64) % STEPS.length;
    bank.step({
      account: step % 5,
      kind,
      amount: BigInt(1 + (step % 97)),
      pick: some % 4_001,
      minutes: 3,
    });
  }
  const check = createLedgerCheck();
  const totals = new Map<Currency, TrialBalance>();
  const seen = new Set<AccountEvent['type']>();
  for (const { accountId, commandId, event, before, after } of bank.entries) {
    const { version, ledger: ledgerAfter, currency } = after;
    check.observe({ accountId, commandId, event, version, ledgerAfter });
    totals.set(currency, moved(totals.get(currency), event, movementOf(event).ledger));
    if (before.status !== 'none' && before.ledger !== after.ledger) seen.add(event.type);
  }
  expect(totals).toEqual(check.totals());
  // A sum that never moved says nothing.
  expect([...seen].sort()).toEqual(LEDGER_EVENTS.toSorted());
});
