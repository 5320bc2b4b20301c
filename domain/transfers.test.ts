import fc from 'fast-check';
import { accountIdOfSerial, serialOf } from './account-number.ts';
import { available, dayOf, spentOn, type ExistingAccount } from './account.ts';
import type { TransferCommand } from './account-commands.ts';
import { bankForTests, type BankForTests } from './bank-for-tests.ts';
import { ownerId, type AccountId } from './ids.ts';
import { sourceOf, transferIdOf } from './transfer-id.ts';
import { createLedgerCheck } from './invariants.ts';
import { minor, ZERO } from './money.ts';
import { isEveryRun, runsOf } from './runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: runsOf(1_500) };
const SEEN_MIN = isEveryRun ? 50 : 0;
const ACCOUNTS = 3;
const TRANSFERS = 6;
const FUNDS = minor(100n);
const EXPIRES_AFTER_MINUTES = 90;

const action = fc.record({
  kind: fc.constantFrom(
    ...(['send', 'reserve', 'reserve', 'capture', 'part', 'void', 'expire', 'reverse'] as const),
    ...(['freeze', 'unfreeze', 'unfreeze', 'spend', 'limit'] as const),
  ),
  at: fc.nat(TRANSFERS - 1),
  minutes: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(120), fc.constant(700)),
});
type Action = typeof action extends fc.Arbitrary<infer Made> ? Made : never;
const history = fc.array(action, { minLength: 4, maxLength: 40, size: 'max' });

interface Terms {
  readonly transferId: ReturnType<typeof transferIdOf>;
  readonly from: AccountId;
  readonly toAccountId: AccountId;
  readonly amount: ReturnType<typeof minor>;
}
/** The transfer of a number: always between the same accounts, of the same amount. */
function transferAt(bank: BankForTests, at: number): Terms {
  const from = bank.id(at % ACCOUNTS);
  const toAccountId = bank.id((at + 1 + (at % 2)) % ACCOUNTS);
  return {
    transferId: transferIdOf(from, BigInt(at)),
    from,
    toAccountId,
    amount: minor(BigInt(20 + 7 * at)),
  };
}

/** Some accounts with 1.00 each. */
function opened(): BankForTests {
  const bank = bankForTests();
  for (let index = 0; index < ACCOUNTS; index += 1) {
    const terms = { ownerId: ownerId('jana'), currency: bank.currencyOf(0), overdraftLimit: ZERO };
    bank.give(bank.id(index), { type: 'open-account', ...terms, initialDeposit: FUNDS });
  }
  return bank;
}

/** Commands as clients and the bank give them: each may come early, late or more than once. */
function commandOf(bank: BankForTests, { kind, at }: Action): TransferCommand | undefined {
  const { from: _from, ...terms } = transferAt(bank, at);
  const { transferId } = terms;
  const end = Date.parse(bank.at()) + EXPIRES_AFTER_MINUTES * 60_000;
  const expiring = at % 2 === 0 ? { expiresAt: new Date(end).toISOString() } : {};
  switch (kind) {
    case 'send':
      return { type: 'send-transfer', ...terms };
    case 'reserve':
      return { type: 'reserve-transfer', ...terms, ...expiring };
    case 'capture':
      return { type: 'capture-transfer', transferId };
    case 'part':
      return { type: 'capture-transfer', transferId, amount: minor(11n) };
    case 'void':
      return { type: 'void-transfer', transferId };
    case 'expire':
      return { type: 'expire-transfer', transferId };
    default:
      return undefined;
  }
}

function reverse(bank: BankForTests, { at }: Action, own: string): void {
  const { transferId, from, toAccountId } = transferAt(bank, at);
  const moved = bank.entries.find(
    ({ accountId, event }) =>
      accountId === toAccountId &&
      event.type === 'transfer-received' &&
      event.transferId === transferId,
  )?.event as { readonly amount: bigint } | undefined;
  const back = transferIdOf(toAccountId, BigInt(1_000 + bank.entries.length));
  const terms = { transferId: back, toAccountId: from, amount: minor(moved?.amount ?? 1n) };
  bank.transfer(
    toAccountId,
    { type: 'send-transfer', ...terms, reversesTransferId: transferId },
    own,
  );
}

/** Takes an action. The id of the command that begins a transfer is that of the transfer. */
function act(bank: BankForTests, one: Action): void {
  bank.pass(one.minutes);
  const { kind, at } = one;
  const own = bank.id(at % ACCOUNTS);
  if (kind === 'freeze' || kind === 'unfreeze') bank.give(own, { type: kind });
  else if (kind === 'spend') bank.give(own, { type: 'withdraw', amount: minor(9n) });
  else if (kind === 'limit') bank.give(own, { type: 'set-limits', perDay: minor(60n) });
  else if (kind === 'reverse') reverse(bank, one, `reverse ${bank.entries.length}`);
  else if (kind === 'send' || kind === 'reserve') begin(bank, one);
  else bank.transfer(own, commandOf(bank, one)!);
}
const begin = (bank: BankForTests, one: Action): void => {
  bank.transfer(bank.id(one.at % ACCOUNTS), commandOf(bank, one)!, `begin ${one.at}`);
};
/** The types of the events of each transaction in which a transfer's events stand. */
function transactionsOf(bank: BankForTests, transferId: string): string[] {
  const groups = new Map<number, string[]>();
  for (const { event, transaction } of bank.entries) {
    if (!('transferId' in event) || event.transferId !== transferId) continue;
    groups.set(transaction, [...(groups.get(transaction) ?? []), event.type.slice(9)]);
  }
  return [...groups.values()].map((types) => types.join('+'));
}
const SOUND = ['sent+received', 'reserved', 'reserved captured+received', 'reserved released'];

const accountOf = (bank: BankForTests, index: number): ExistingAccount =>
  bank.of(bank.id(index)) as ExistingAccount;

describe(`over random transfers of some accounts (SEED=${seed})`, () => {
  test('both legs stand in one transaction or there is none, and no money is made', () => {
    const seen = new Map<string, number>();
    let reversed = 0;
    fc.assert(
      fc.property(history, (actions) => {
        const bank = opened();
        for (const one of actions) act(bank, one);
        const check = createLedgerCheck();
        const found = bank.entries.flatMap((entry, index) => {
          const { accountId, commandId, event, after, transaction } = entry;
          const { version, ledger: ledgerAfter, held: heldAfter } = after;
          const step = { accountId, commandId, event, version, ledgerAfter, heldAfter };
          const isLast = bank.entries[index + 1]?.transaction !== transaction;
          return [...check.observe(step), ...(isLast ? check.endOfTransaction() : [])];
        });
        expect([found, bank.repeated]).toEqual([[], []]);
        const spent = bank.entries.filter(({ event }) => event.type === 'money-withdrawn').length;
        const ledgers = [0, 1, 2].map((index) => accountOf(bank, index).ledger);
        const sum = ledgers.reduce((all, ledger) => all + ledger, 0n);
        if (sum !== 300n - 9n * BigInt(spent)) throw new Error(`the bank has ${sum}`);
        for (const { begun } of bank.transfers) {
          const went = transactionsOf(bank, begun.transferId).join(' ');
          if (!SOUND.includes(went)) throw new Error(`a transfer went ${went}`);
          seen.set(went, (seen.get(went) ?? 0) + 1);
          if ('reversesTransferId' in begun) reversed += 1;
        }
      }),
      runs,
    );
    // A way that was never gone proves nothing.
    for (const way of SOUND) expect([way, (seen.get(way) ?? 0) > SEEN_MIN]).toEqual([way, true]);
    expect(reversed).toBeGreaterThan(SEEN_MIN);
  });

  test('what has ended or was taken back stays so, whatever comes late or again', () => {
    fc.assert(
      fc.property(history, (actions) => {
        const bank = opened();
        for (const one of actions) act(bank, one);
        const { length } = bank.entries;
        for (const { from, begun } of bank.transfers) {
          const { transferId } = begun;
          if (bank.pendingOf(from).includes(transferId)) continue;
          const ends = ['capture-transfer', 'void-transfer', 'expire-transfer'] as const;
          for (const type of ends) {
            const decision = bank.transfer(from, { type, transferId });
            const code = decision?.ok === false ? decision.refusal.code : 'done';
            // A direct transfer never was pending.
            const due =
              begun.type === 'send-transfer' ? 'transfer-not-found' : 'transfer-already-ended';
            if (code !== due) throw new Error(`${type} of an ended transfer: ${code}`);
          }
          if (begun.type !== 'send-transfer' || begun.reversesTransferId === undefined) continue;
          const again = { ...begun, transferId: transferIdOf(from, 999n) };
          const decision = bank.decided(from, again);
          const code = decision.ok ? 'done' : decision.refusal.code;
          if (code !== 'already-reversed') throw new Error(`a reversal again: ${code}`);
        }
        if (bank.entries.length !== length) throw new Error('something changed');
      }),
      runs,
    );
  });

  test('a reservation ends at its time and not before, and is not captured after it', () => {
    let expired = 0;
    fc.assert(
      fc.property(history, (actions) => {
        const bank = opened();
        for (const one of actions) act(bank, one);
        const ends = new Map<string, string | undefined>();
        for (const { event } of bank.entries) {
          if (event.type === 'transfer-reserved') ends.set(event.transferId, event.expiresAt);
          const isCaptured = event.type === 'transfer-captured';
          const isExpired = event.type === 'transfer-released' && event.reason === 'expired';
          if (!isCaptured && !isExpired) continue;
          const end = Date.parse(ends.get(event.transferId) ?? '9999-12-31T23:59:59Z');
          if (isExpired !== Date.parse(event.at) >= end)
            throw new Error(`${event.type} at ${event.at}`);
          if (isExpired) expired += 1;
        }
      }),
      runs,
    );
    expect(expired).toBeGreaterThan(SEEN_MIN);
  });

  test('what is released on its day counts no more against the limit of that day', () => {
    let given = 0;
    fc.assert(
      fc.property(history, (actions) => {
        const bank = opened();
        for (const one of actions) act(bank, one);
        const days = new Map<string, string>();
        for (const { event, before, after } of bank.entries) {
          if (before.status === 'none') continue;
          if (event.type === 'transfer-reserved') days.set(event.transferId, dayOf(event.at));
          if (event.type !== 'transfer-captured' && event.type !== 'transfer-released') continue;
          const day = dayOf(event.at);
          const released = event.type === 'transfer-captured' ? event.released : event.amount;
          const back = days.get(event.transferId) === day ? released : 0n;
          const by = spentOn(before, day) - spentOn(after, day);
          if (by !== back) throw new Error(`${event.type} gave ${by} back, not ${back}`);
          if (back > 0n) given += 1;
        }
        for (let index = 0; index < ACCOUNTS; index += 1) {
          if (available(accountOf(bank, index)) < 0n) throw new Error('below the floor');
        }
      }),
      runs,
    );
    expect(given).toBeGreaterThan(SEEN_MIN);
  });
});

test(`a transfer id names its source account, whatever fills the rest (SEED=${seed})`, () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 18n - 1n), fc.bigInt(0n, 2n ** 64n - 1n), (serial, fill) => {
      const source = accountIdOfSerial(serial);
      const id = transferIdOf(source, fill);
      expect(sourceOf(id)).toBe(source);
      expect(serialOf(id)).toBe(serial);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }),
    runs,
  );
});
