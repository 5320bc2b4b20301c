import fc from 'fast-check';
import { available, dayOf, spentOn, type ExistingAccount } from './account.ts';
import { bankForTests, type BankForTests, type Entry } from './bank-for-tests.ts';
import type { Command, Decision, TransferCommand } from './account-commands.ts';
import { RARE_LIVES, STEPS, type Step } from './commands-for-tests.ts';
import { decide } from './account-decisions.ts';
import type { AccountEvent } from './account-events.ts';
import type { OwnerId } from './ids.ts';
import { createLedgerCheck, isBalanced } from './invariants.ts';
import { minor, ZERO } from './money.ts';
import { movementOf } from './movement.ts';
import type { TransferDecision } from './transfer-decisions.ts';
import { transferIdOf } from './transfer-id.ts';
import { isEveryRun, rareOf, runsOf } from './runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: runsOf(4_000) };
const ACCOUNTS = 4;

const step: fc.Arbitrary<Step> = fc.record({
  account: fc.nat(ACCOUNTS - 1),
  kind: fc.nat(STEPS.length - 1),
  amount: fc.oneof(fc.bigInt(1n, 500n), fc.bigInt(1n, 10n ** 17n)),
  pick: fc.nat(4_000),
  minutes: fc.oneof(fc.constant(0), fc.nat(10), fc.nat(1_500)),
});
/** Random lives, and now and then those in which what is rare happens for sure. */
const lifeOf = (maxLength: number): fc.Arbitrary<readonly Step[]> =>
  fc.oneof(
    { weight: 94, arbitrary: fc.array(step, { maxLength, size: 'max' }) },
    { weight: 6, arbitrary: fc.constantFrom(...RARE_LIVES) },
  );
const life = lifeOf(20);
const short = lifeOf(15);

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

/** What is wrong with a history, at each of its events and at the end of each transaction. */
const ledgerViolations = (entries: readonly Entry[]) => {
  const check = createLedgerCheck();
  const sizes = new Map<number, number>();
  for (const { transaction } of entries) {
    sizes.set(transaction, (sizes.get(transaction) ?? 0) + 1);
  }
  const found = entries.flatMap(({ accountId, commandId, event, after, transaction }, index) => {
    const { version, ledger: ledgerAfter, held: heldAfter, currency } = after;
    const made = { joint: sizes.get(transaction)!, currency };
    const claims = { version, ledgerAfter, heldAfter, ...made };
    const wrong = check.observe({ accountId, commandId, event, ...claims });
    const isLast = entries[index + 1]?.transaction !== transaction;
    return isLast ? [...wrong, ...check.endOfTransaction()] : wrong;
  });
  return { check, found };
};

/** What is left of the holds and transfers of an account, counted from its events alone. */
function heldBy(events: readonly AccountEvent[]): bigint {
  const open = new Map<string, bigint>();
  for (const event of events) {
    if (event.type === 'hold-placed') open.set(event.holdId, event.amount);
    else if (event.type === 'transfer-reserved') open.set(event.transferId, event.amount);
    else if ('holdId' in event) open.delete(event.holdId);
    else if (event.type === 'transfer-captured' || event.type === 'transfer-released') {
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
        expect(bank.repeated).toEqual([]);
        for (const totals of check.totals().values()) {
          must(isBalanced(totals) && totals.inFlight === ZERO, 'money is in flight at the end');
        }
        for (const account of bank.accounts.values()) {
          const isBound = account.status !== 'none' && account.kind !== 'internal';
          must(!isBound || available(account) >= 0n, 'below the overdraft limit');
        }
      }),
      runs,
    );
    // A property that never saw an event says nothing of it.
    if (isEveryRun) expect([...seen].sort()).toEqual([...EVERY_TYPE].sort());
  });

  test('an event does to ledger and held what the table of movements says', () => {
    const moving = new Set<string>();
    fc.assert(
      fc.property(short, (steps) => {
        for (const { event, before, after } of lived(steps).entries) {
          const [ledger, held] = before.status === 'none' ? [0n, 0n] : [before.ledger, before.held];
          const by = movementOf(event);
          must(after.ledger === ledger + by.ledger, `${event.type} moved another amount`);
          must(after.held === held + by.held, `${event.type} holds another amount`);
          must(by.external === 0n || by.external === by.ledger, 'money came from nowhere');
          if (by.ledger !== 0n || by.held !== 0n) moving.add(event.type);
        }
      }),
      runs,
    );
    if (isEveryRun) expect([...moving].sort()).toEqual([...MOVING].sort());
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

  test('a block stops its direction: only what was set aside before still leaves', () => {
    let blocked = 0;
    fc.assert(
      fc.property(life, (steps) => {
        for (const { event, before } of lived(steps).entries) {
          if (before.status === 'none' || before.blocks.length === 0) continue;
          blocked += 1;
          const { ledger, held } = movementOf(event);
          const isEnd =
            event.type === 'transfer-captured' ||
            (event.type === 'hold-captured' && event.aboveHold === undefined);
          const leaves = (ledger < 0n && !isEnd) || held > 0n;
          must(!(leaves && before.blocks.includes('debit')), `${event.type} while debits stop`);
          must(!(ledger > 0n && before.blocks.includes('credit')), `${event.type} came in`);
        }
      }),
      runs,
    );
    expect(blocked).toBeGreaterThan(runsOf(250));
  });

  test('what is taken back of a movement, in parts, is at most the movement', () => {
    let parts = 0;
    fc.assert(
      fc.property(life, (steps) => {
        const moved = new Map<string, bigint>();
        for (const { accountId, event, after } of lived(steps).entries) {
          const { ledger } = movementOf(event);
          if (event.type !== 'movement-reversed') {
            moved.set(`${accountId} ${after.version}`, ledger < 0n ? -ledger : ledger);
            continue;
          }
          const { reverses, amount, left = ZERO } = event;
          const open = moved.get(`${accountId} ${reverses}`)!;
          must(open - amount === left, `${amount} of ${open} leave ${left}`);
          moved.set(`${accountId} ${reverses}`, left);
          if (left > 0n) parts += 1;
        }
      }),
      runs,
    );
    expect(parts).toBeGreaterThan(rareOf(20));
  });

  test('a hold is captured for more only where that is allowed, and the rest is available', () => {
    let above = 0;
    fc.assert(
      fc.property(life, (steps) => {
        for (const { event, before, after } of lived(steps).entries) {
          if (event.type !== 'hold-captured' || before.status === 'none') continue;
          const { amount, released, aboveHold = ZERO } = event;
          const held = before.holds.find(({ holdId }) => holdId === event.holdId)!.amount;
          must(amount + released - aboveHold === held, `${amount} of ${held} leave ${released}`);
          must(after.held === before.held - held, 'another amount is held than the other holds');
          if (aboveHold === ZERO) continue;
          must(before.limits.captureAboveHold === true, 'more was captured than is allowed');
          must(aboveHold > 0n && released === ZERO, 'more and less than the hold at once');
          must(aboveHold <= available(before), 'more was captured than is available');
          must(amount <= (before.limits.perWithdrawal ?? amount), 'more than may leave at once');
          above += 1;
        }
      }),
      runs,
    );
    expect(above).toBeGreaterThan(rareOf(10));
  });

  test('decide is total and deterministic, and changes nothing itself', () => {
    const refused = new Set<string>();
    fc.assert(
      fc.property(short, step, (steps, next) => {
        const bank = lived(steps, ['CZK', 'KWD']);
        const own = bank.id(next.account);
        const account = bank.of(own);
        const twice = (type: string, ask: () => Decision | TransferDecision): void => {
          const before = textOf([...bank.accounts]);
          const decision = ask();
          // Comparing as text is what makes this many decisions affordable.
          const again = textOf(ask());
          must(again === textOf(decision), `${again} after ${textOf(decision)}`);
          must(textOf([...bank.accounts]) === before, `${type} changed an account`);
          if (!decision.ok) refused.add(decision.refusal.code);
        };
        for (const command of commandsOf(bank, next)) {
          const past = bank.past(own, command);
          twice(command.type, () => decide(account, command, bank.at(), past));
        }
        for (const command of transfersOf(bank, next)) {
          twice(command.type, () => bank.decided(own, command));
        }
      }),
      runs,
    );
    if (isEveryRun) expect([...refused].sort()).toEqual([...EVERY_REFUSAL].sort());
  });

  test('a refusal for lack of money says exactly the shortfall', () => {
    let refused = 0;
    fc.assert(
      fc.property(short, fc.bigInt(1n, 10n ** 6n), (steps, units) => {
        const bank = lived(steps);
        for (const account of bank.accounts.values()) {
          if (account.status !== 'open') continue;
          const open = { ...account, limits: {}, blocks: [] };
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
    expect(refused).toBeGreaterThan(runsOf(400));
  });
});

const WHILE_CLOSED: readonly AccountEvent['type'][] = [];
const WHILE_FROZEN: readonly AccountEvent['type'][] = [
  ...(['account-unfrozen', 'overdraft-limit-set', 'limits-set', 'details-set'] as const),
  ...(['refusal-recording-set', 'hold-voided', 'hold-expired', 'transfer-released'] as const),
  ...(['account-blocked', 'account-unblocked'] as const),
];
/** What changes the ledger or what is held. */
const MOVING: readonly AccountEvent['type'][] = [
  ...(['money-deposited', 'money-withdrawn', 'movement-reversed'] as const),
  ...(['hold-placed', 'hold-captured', 'hold-voided', 'hold-expired'] as const),
  ...(['transfer-sent', 'transfer-received'] as const),
  ...(['transfer-reserved', 'transfer-captured', 'transfer-released'] as const),
];
// A new type of event compiles only when it is here too, and then it must occur.
const EVERY_TYPE = Object.keys({
  'account-opened': 1,
  'account-frozen': 1,
  'account-unfrozen': 1,
  'account-closed': 1,
  'account-blocked': 1,
  'account-unblocked': 1,
  'overdraft-limit-set': 1,
  'limits-set': 1,
  'details-set': 1,
  'refusal-recording-set': 1,
  'money-deposited': 1,
  'money-withdrawn': 1,
  'movement-reversed': 1,
  'hold-placed': 1,
  'hold-captured': 1,
  'hold-voided': 1,
  'hold-expired': 1,
  'transfer-sent': 1,
  'transfer-received': 1,
  'transfer-reserved': 1,
  'transfer-captured': 1,
  'transfer-released': 1,
} satisfies Record<AccountEvent['type'], 1>);

const EVERY_REFUSAL = [
  'account-already-exists',
  'account-frozen',
  'account-not-frozen',
  'account-closed',
  'account-blocked',
  'account-not-blocked',
  'reversal-amount-exceeded',
  'account-not-found',
  'balance-not-zero',
  'insufficient-funds',
  'limit-exceeded',
  'hold-not-found',
  'hold-already-resolved',
  'hold-amount-exceeded',
  'hold-not-due',
  'hold-expired',
  'event-not-found',
  'not-reversible',
  'already-reversed',
  'same-account',
  'currency-mismatch',
  'transfer-not-found',
  'transfer-already-ended',
  'transfer-expired',
  'transfer-amount-exceeded',
  'transfer-not-due',
  'invalid-request',
];

/** What the event counts against the day's limit. */
const spentBy = (event: AccountEvent): bigint | undefined =>
  event.type === 'hold-captured'
    ? event.aboveHold
    : ['money-withdrawn', 'hold-placed', 'transfer-reserved', 'transfer-sent'].includes(event.type)
      ? (event as { amount: bigint }).amount
      : undefined;

/** Any command with any names in it, also those that no client would give. */
function commandsOf(bank: BankForTests, { account, amount: units, pick }: Step): Command[] {
  const [hold] = [...bank.holds, undefined];
  const amount = minor(units);
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
    { type: 'block', direction: pick % 2 === 0 ? 'debit' : 'credit' },
    { type: 'unblock', direction: pick % 2 === 0 ? 'debit' : 'credit' },
    { type: 'reverse', version },
    { type: 'reverse', version, amount },
  ];
}

/** The same of transfers. */
function transfersOf(
  bank: BankForTests,
  { account, amount: units, pick }: Step,
): TransferCommand[] {
  const amount = minor(units);
  const from = bank.id(account);
  const fresh = transferIdOf(from, 1n << 40n);
  const to = { toAccountId: bank.id((pick >> 3) % (ACCOUNTS + 1)), amount };
  const known = bank.transfers.map(({ begun }) => begun.transferId);
  const transferId = known[pick % Math.max(1, known.length)] ?? fresh;
  const pending = bank.pendingOf(from)[0] ?? transferId;
  const expiresAt = pick % 2 === 0 ? '2020-01-01T00:00:00Z' : '9999-12-31T23:59:59Z';
  return [
    { type: 'send-transfer', transferId: fresh, ...to },
    { type: 'send-transfer', transferId: fresh, ...to, reversesTransferId: transferId },
    { type: 'reserve-transfer', transferId: fresh, ...to, expiresAt },
    ...[transferId, pending].flatMap((id): TransferCommand[] => [
      { type: 'capture-transfer', transferId: id },
      { type: 'capture-transfer', transferId: id, amount },
      { type: 'void-transfer', transferId: id },
      { type: 'expire-transfer', transferId: id },
    ]),
  ];
}
const CZK = 'CZK' as ExistingAccount['currency'];
const TERMS = { ownerId: 'jana' as OwnerId, currency: CZK };

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
