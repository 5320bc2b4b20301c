import fc from 'fast-check';
import { available, dayOf, spentOn } from './account.ts';
import type { ExistingAccount } from './account.ts';
import { bankForTests, type BankForTests, type Entry } from './bank-for-tests.ts';
import type { Command } from './account-commands.ts';
import { STEPS, type Step } from './commands-for-tests.ts';
import { decide } from './account-decisions.ts';
import type { AccountEvent } from './account-events.ts';
import { createLedgerCheck, isBalanced } from './invariants.ts';
import { minor, ZERO } from './money.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: 10_000 };
const ACCOUNTS = 4;

const step: fc.Arbitrary<Step> = fc.record({
  account: fc.nat(ACCOUNTS - 1),
  kind: fc.nat(STEPS.length - 1),
  amount: fc.oneof(fc.bigInt(1n, 500n), fc.bigInt(1n, 10n ** 17n)),
  pick: fc.nat(4_000),
  minutes: fc.oneof(fc.constant(0), fc.nat(10), fc.nat(1_500)),
});
const life = fc.array(step, { maxLength: 20, size: 'max' });
const short = fc.array(step, { maxLength: 15, size: 'max' });

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'bigint' ? `${member}` : member,
  );

/** As expect, but cheap enough to be asked a million times. */
function must(is: boolean, what: string): void {
  if (!is) throw new Error(what);
}

/** All accounts open with money on them, so that most steps do something. */
function lived(steps: readonly Step[], currencies?: readonly string[]): BankForTests {
  const bank = bankForTests(currencies === undefined ? {} : { currencies });
  for (let account = 0; account < ACCOUNTS; account += 1) {
    bank.step({ account, kind: 0, amount: 400n, pick: account, minutes: 0 });
  }
  for (const next of steps) bank.step(next);
  return bank;
}

const ledgerViolations = (entries: readonly Entry[]) => {
  const check = createLedgerCheck();
  const found = entries.flatMap(({ accountId, commandId, event, after }) =>
    check.observe({
      accountId,
      commandId,
      event,
      version: after.version,
      ledgerAfter: after.ledger,
    }),
  );
  return { check, found };
};

/** What is left of the holds and transfers of an account, counted from its events alone. */
function heldBy(events: readonly AccountEvent[]): bigint {
  const open = new Map<string, bigint>();
  for (const event of events) {
    if (event.type === 'hold-placed') open.set(event.holdId, event.amount);
    else if (event.type === 'transfer-reserved') open.set(event.transferId, event.amount);
    else if ('holdId' in event) open.delete(event.holdId);
    else if (event.type === 'transfer-sent' || event.type === 'transfer-released') {
      open.delete(event.transferId);
    }
  }
  return [...open.values()].reduce((sum, amount) => sum + amount, 0n);
}

describe(`over any commands to any accounts (SEED=${seed})`, () => {
  test('money is conserved, nothing is below the overdraft limit, nothing ends twice', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(life, (steps) => {
        const bank = lived(steps, ['CZK', 'CZK', 'JPY', 'KWD']);
        const { check, found } = ledgerViolations(bank.entries);
        expect(found).toEqual([]);
        for (const { event } of bank.entries) seen.add(event.type);
        for (const totals of check.totals().values()) expect(isBalanced(totals)).toBe(true);
        for (const account of bank.accounts.values()) {
          must(account.status === 'none' || available(account) >= 0n, 'below the overdraft limit');
        }
      }),
      runs,
    );
    // A property that never saw an event says nothing of it.
    expect([...seen].sort()).toEqual([...EVERY_TYPE].sort());
  });

  test('when every transfer has ended, nothing is in flight and nothing is held for it', () => {
    fc.assert(
      fc.property(life, fc.array(fc.nat(50), { maxLength: 20 }), (steps, order) => {
        const bank = lived(steps);
        // Late, early and repeated calls of the sagas, in any order.
        for (const pick of order) {
          const transfer = bank.transfers[pick % Math.max(1, bank.transfers.length)];
          if (transfer === undefined) continue;
          if (pick % 2 === 0) bank.tell(transfer);
          bank.end(transfer);
        }
        bank.drain();
        const { check, found } = ledgerViolations(bank.entries);
        expect(found).toEqual([]);
        for (const totals of check.totals().values()) expect(totals.inFlight).toBe(ZERO);
        const legs = bank.entries.map(({ event }) => event);
        for (const { transferId, told } of bank.transfers) {
          const own = legs.filter(
            (event) => 'transferId' in event && event.transferId === transferId,
          );
          const last = told === 'received' ? 'received,sent' : 'declined,released';
          const legsOf = own.map(({ type }) => type.slice(9)).join();
          must(legsOf === `reserved,${last}`, `a transfer went ${legsOf}`);
        }
        for (const account of bank.accounts.values()) {
          if (account.status !== 'none') expect(account.transfers).toEqual([]);
        }
      }),
      runs,
    );
  });

  test('what is held is the sum of open holds and pending transfers', () => {
    fc.assert(
      fc.property(short, (steps) => {
        const bank = lived(steps);
        const events = new Map<string, AccountEvent[]>();
        for (const { accountId, event } of bank.entries) {
          events.set(accountId, [...(events.get(accountId) ?? []), event]);
        }
        for (const [id, account] of bank.accounts) {
          if (account.status === 'none') continue;
          const open = [...account.holds, ...account.transfers];
          const sum = open.reduce((all, { amount }) => all + amount, 0n);
          must(account.held === sum, `${account.held} is held, but ${sum} is open`);
          must(sum === heldBy(events.get(id) ?? []), 'the events leave something else open');
        }
      }),
      runs,
    );
  });

  test('within a limit as long as it stands: at once, and over each day of UTC', () => {
    fc.assert(
      fc.property(short, (steps) => {
        for (const { event, before, after } of lived(steps).entries) {
          if (before.status === 'none') continue;
          must(spentOn(after, dayOf(event.at)) >= 0n, 'a day gave back more than was spent');
          const amount = spentBy(event);
          if (amount === undefined) continue;
          const { perWithdrawal, perDay } = before.limits;
          must(amount <= (perWithdrawal ?? amount), `${event.type} was more than allowed at once`);
          const used = spentOn(after, dayOf(event.at));
          must(used <= (perDay ?? used), `${event.type} was more than allowed per day`);
        }
      }),
      runs,
    );
  });

  test('a frozen account ends only what had begun, a closed one does nothing', () => {
    fc.assert(
      fc.property(short, (steps) => {
        for (const { event, before } of lived(steps).entries) {
          const { status } = before;
          const may =
            status === 'closed' ? WHILE_CLOSED : status === 'frozen' ? WHILE_FROZEN : [event.type];
          must(may.includes(event.type), `${event.type} on a ${status} account`);
        }
      }),
      runs,
    );
  });

  test('decide is total and deterministic, and changes nothing itself', () => {
    const refused = new Set<string>();
    fc.assert(
      fc.property(short, step, (steps, next) => {
        const bank = lived(steps, ['CZK', 'KWD']);
        for (const command of commandsOf(bank, next)) {
          const account = bank.of(bank.id(next.account));
          const before = textOf(account);
          const past = bank.past(bank.id(next.account), command);
          const decision = decide(account, command, bank.at(), past);
          // Comparing as text is what makes this many decisions affordable.
          const again = textOf(decide(account, command, bank.at(), past));
          if (again !== textOf(decision)) throw new Error(`${again} after ${textOf(decision)}`);
          if (textOf(account) !== before) throw new Error(`${command.type} changed the account`);
          if (!decision.ok) refused.add(decision.refusal.code);
        }
      }),
      runs,
    );
    expect([...refused].sort()).toEqual([...EVERY_REFUSAL].sort());
  });

  test('a refusal for lack of money says exactly what lacks', () => {
    let refused = 0;
    fc.assert(
      fc.property(short, fc.bigInt(1n, 10n ** 6n), (steps, units) => {
        const bank = lived(steps);
        for (const account of bank.accounts.values()) {
          if (account.status !== 'open') continue;
          const open = { ...account, limits: {} };
          const withdraw = (amount: bigint): Command => ({
            type: 'withdraw',
            amount: minor(amount),
          });
          const decision = decide(open, withdraw(units), bank.at());
          if (decision.ok || decision.refusal.code !== 'insufficient-funds') continue;
          refused += 1;
          const { available: left, shortfall } = decision.refusal;
          must(left + shortfall === units, `${left} and ${shortfall} do not make ${units}`);
          const least = left === 0n || decide(open, withdraw(left), bank.at()).ok;
          must(least && !decide(open, withdraw(left + 1n), bank.at()).ok, 'another amount lacks');
        }
      }),
      runs,
    );
    expect(refused).toBeGreaterThan(1_000);
  });
});

const WHILE_CLOSED: readonly AccountEvent['type'][] = ['transfer-declined'];
const WHILE_FROZEN: readonly AccountEvent['type'][] = [
  ...(['account-unfrozen', 'overdraft-limit-set', 'limits-set', 'details-set'] as const),
  'refusal-recording-set',
  ...(['hold-voided', 'hold-expired'] as const),
  ...(['transfer-sent', 'transfer-released', 'transfer-declined'] as const),
];
const EVERY_TYPE: readonly AccountEvent['type'][] = [
  ...WHILE_FROZEN,
  ...(['account-opened', 'account-frozen', 'account-closed'] as const),
  ...(['money-deposited', 'money-withdrawn', 'movement-reversed'] as const),
  ...(['hold-placed', 'hold-captured', 'transfer-reserved', 'transfer-received'] as const),
];

const EVERY_REFUSAL = [
  ...['account-already-exists', 'account-frozen', 'account-not-frozen', 'account-closed'],
  ...['balance-not-zero', 'insufficient-funds', 'limit-exceeded', 'hold-not-found'],
  ...[
    'hold-already-resolved',
    'hold-amount-exceeded',
    'hold-not-due',
    'hold-expired',
    'event-not-found',
  ],
  ...['not-reversible', 'already-reversed', 'currency-mismatch', 'transfer-not-found'],
  ...['transfer-already-ended', 'invalid-request'],
];

/** What the event counts against the day's limit. */
const spentBy = (event: AccountEvent): bigint | undefined =>
  ['money-withdrawn', 'hold-placed', 'transfer-reserved'].includes(event.type)
    ? (event as { amount: bigint }).amount
    : undefined;

/** Any command with any names in it, also those that no saga and no client would give. */
function commandsOf(bank: BankForTests, { account, amount: units, pick }: Step): Command[] {
  const [hold] = [...bank.holds, undefined];
  const [transfer] = bank.transfers;
  const amount = minor(units);
  const transferId = transfer?.transferId;
  const other = bank.id(pick % ACCOUNTS);
  const version = (1 +
    (pick % (bank.of(bank.id(account)).version + 2))) as ExistingAccount['version'];
  return [
    { type: 'open-account', ...TERMS, initialDeposit: amount, overdraftLimit: amount },
    { type: 'deposit', amount },
    { type: 'withdraw', amount },
    ...(hold === undefined ? [] : holdCommands(hold.holdId, pick, units)),
    { type: 'set-overdraft-limit', amount },
    { type: 'set-limits', perDay: amount },
    { type: 'set-details' },
    { type: 'freeze' },
    { type: 'unfreeze' },
    { type: 'close' },
    { type: 'reverse', version },
    ...(transferId === undefined
      ? []
      : ([
          { ...transfer!.reserve, toAccountId: bank.id(account) },
          { type: 'receive-transfer', transferId, fromAccountId: other, amount, currency: CZK },
          { type: 'settle-transfer', transferId },
          { type: 'release-transfer', transferId, reason: 'account-closed' },
        ] as const)),
  ];
}
const CZK = 'CZK' as ExistingAccount['currency'];
const TERMS = { ownerId: 'jana' as ExistingAccount['ownerId'], currency: CZK };

function holdCommands(holdId: Hold, pick: number, units: bigint): Command[] {
  const amount = minor(units);
  const expiresAt = pick % 2 === 0 ? '2020-01-01T00:00:00Z' : '9999-12-31T23:59:59Z';
  return [
    { type: 'place-hold', holdId, amount, expiresAt },
    { type: 'capture-hold', holdId, amount },
    { type: 'capture-hold', holdId },
    { type: 'void-hold', holdId },
    { type: 'expire-hold', holdId },
  ];
}
type Hold = ExistingAccount['holds'][number]['holdId'];
