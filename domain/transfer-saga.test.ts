import fc from 'fast-check';
import { accountIdOfSerial, serialOf } from './account-number.ts';
import { available, evolve, NO_ACCOUNT } from './account.ts';
import type { Account, ExistingAccount } from './account.ts';
import { decide } from './account-decisions.ts';
import type { Command, Past } from './account-commands.ts';
import { settledBy, transferEndName, type AccountEvent } from './account-events.ts';
import { currencyOf, type Currency } from './currency.ts';
import { ownerId, version, type AccountId, type TransferId } from './ids.ts';
import { createLedgerCheck } from './invariants.ts';
import { minor, ZERO } from './money.ts';
import { sourceOf, transferIdOf } from './transfer-id.ts';

const CZK = currencyOf('CZK') as Currency;
const AT = '2026-01-02T03:04:05.678Z';
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: 10_000 };

/** Accounts in memory that execute a command id once, as actors do. */
function bank() {
  const states = new Map<AccountId, Account>();
  const executed = new Map<string, readonly AccountEvent[]>();
  const settled = new Map<string, NonNullable<Past['settled']>>();
  const check = createLedgerCheck();
  const violations: unknown[] = [];
  const state = (id: AccountId): Account => states.get(id) ?? NO_ACCOUNT;

  const execute = (id: AccountId, key: string, command: Command): readonly AccountEvent[] => {
    const known = executed.get(`${id} ${key}`);
    if (known !== undefined) return known;
    const name = 'transferId' in command ? transferEndName(command.transferId) : '';
    const past = { settled: settled.get(`${id} ${name}`) };
    const isEnd = command.type === 'settle-transfer' || command.type === 'release-transfer';
    const decision = decide(state(id), command, AT, isEnd ? past : {});
    if (!decision.ok) return [];
    for (const event of decision.events) {
      const after = evolve(state(id), event);
      states.set(id, after);
      const ledgerAfter = after.ledger;
      const step = { accountId: id, version: after.version, commandId: key, event, ledgerAfter };
      violations.push(...check.observe(step));
      const ends = settledBy(event);
      if (ends !== undefined) {
        settled.set(`${id} ${ends}`, { version: version(after.version), type: event.type });
      }
    }
    executed.set(`${id} ${key}`, decision.events);
    return decision.events;
  };
  return { state: (id: AccountId) => state(id) as ExistingAccount, execute, check, violations };
}

const IDS = [1n, 2n, 3n].map(accountIdOfSerial);
const idAt = (at: number): AccountId => IDS[at % IDS.length] as AccountId;

interface Transfer {
  readonly transferId: TransferId;
  readonly from: AccountId;
  readonly to: AccountId;
  readonly amount: bigint;
}
const transferAt = (at: number): Transfer => {
  const from = idAt(at);
  const amount = BigInt(20 + 7 * at);
  return { transferId: transferIdOf(from, BigInt(at)), from, to: idAt(at + 1 + (at % 2)), amount };
};

/** The steps of a transfer as any driver takes them; each can be lost, late or repeated. */
function driver(accounts: ReturnType<typeof bank>) {
  const { execute, state } = accounts;
  const pending = ({ transferId, from }: Transfer): boolean =>
    state(from).transfers.some((one) => one.transferId === transferId);
  return {
    pending,
    reserve: (transfer: Transfer): void => {
      const { transferId, from, to, amount } = transfer;
      const terms = { transferId, toAccountId: to, toCurrency: CZK, amount: minor(amount) };
      execute(from, `key of ${transferId}`, { type: 'reserve-transfer', ...terms });
    },
    /** Asks the target, as only a driver does that saw the reservation; answers what it said. */
    receive: ({ transferId, from, to, amount }: Transfer): readonly AccountEvent[] => {
      const terms = { transferId, fromAccountId: from, currency: CZK, amount: minor(amount) };
      return execute(to, `transfer ${transferId}`, { type: 'receive-transfer', ...terms });
    },
    end: ({ transferId, from }: Transfer, [said]: readonly AccountEvent[]): void => {
      if (said?.type === 'transfer-received') {
        execute(from, `settle ${transferId}`, { type: 'settle-transfer', transferId });
      } else if (said?.type === 'transfer-declined') {
        const { reason } = said;
        execute(from, `release ${transferId}`, { type: 'release-transfer', transferId, reason });
      }
    },
  };
}

const action = fc.record({
  kind: fc.constantFrom(
    ...(['reserve', 'receive', 'end', 'drive', 'freeze', 'unfreeze', 'close', 'spend'] as const),
  ),
  at: fc.nat(5),
});

test(`lost, late or repeated steps: both legs or none (SEED=${seed})`, () => {
  let completed = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(action, { minLength: 4, maxLength: 30 }), (actions) => {
      const accounts = bank();
      const { execute, state, check, violations } = accounts;
      const drive = driver(accounts);
      const answers = new Map<TransferId, readonly AccountEvent[]>();
      const begun = new Set<number>();
      for (const id of IDS) {
        const terms = { ownerId: ownerId('jana'), currency: CZK, overdraftLimit: ZERO };
        execute(id, 'open', { type: 'open-account', ...terms, initialDeposit: minor(100n) });
      }
      const receive = (at: number): void => {
        const transfer = transferAt(at);
        if (!begun.has(at)) return;
        answers.set(transfer.transferId, drive.receive(transfer));
      };
      // An answer that was given once may arrive at any later time, and more than once.
      const end = (at: number): void => {
        const transfer = transferAt(at);
        drive.end(transfer, answers.get(transfer.transferId) ?? []);
      };
      actions.forEach(({ kind, at }, step) => {
        const id = idAt(at);
        const key = `${kind} ${step}`;
        if (kind === 'reserve') {
          drive.reserve(transferAt(at));
          if (drive.pending(transferAt(at))) begun.add(at);
        } else if (kind === 'receive') receive(at);
        else if (kind === 'end') end(at);
        else if (kind === 'drive') {
          receive(at);
          end(at);
        } else if (kind === 'spend') execute(id, key, { type: 'withdraw', amount: minor(30n) });
        else execute(id, key, { type: kind });
        for (const one of IDS) if (available(state(one)) < 0n) throw new Error('below the floor');
      });
      // The sweep of the actor host: every pending transfer, once more.
      for (const at of begun) {
        receive(at);
        end(at);
      }
      const held = IDS.map((id) => [state(id).held, state(id).transfers.length]);
      const flying = [...check.totals().values()].map(({ inFlight }) => inFlight);
      const open = check.openTransfers();
      expect({ violations, open, count: check.transfers(), held, flying }).toEqual({
        ...{ violations: [], open: [], count: begun.size },
        ...{ held: IDS.map(() => [ZERO, 0]), flying: [ZERO] },
      });
      for (const [said] of answers.values()) {
        if (said?.type === 'transfer-received') completed += 1;
        if (said?.type === 'transfer-declined') refused += 1;
      }
    }),
    runs,
  );
  expect(completed).toBeGreaterThan(1_000);
  expect(refused).toBeGreaterThan(1_000);
});

test('a transfer id names its source account, whatever fills the rest', () => {
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

describe('I8 sees', () => {
  const check = (...events: AccountEvent[]) => checkTo(CZK, ...events);
  const checkTo = (currencyAtTarget: Currency, ...events: AccountEvent[]) => {
    const accounts = bank();
    for (const [at, currency] of [CZK, currencyAtTarget].entries()) {
      const id = idAt(at);
      const terms = { ownerId: ownerId('jana'), currency, overdraftLimit: ZERO };
      accounts.execute(id, 'open', { type: 'open-account', ...terms, initialDeposit: minor(100n) });
    }
    const isTarget = ({ type }: AccountEvent) => /received|declined/.test(type);
    return events.flatMap((event, at) => {
      const id = idAt(isTarget(event) ? 1 : 0);
      const before = accounts.check.account(id) as ExistingAccount;
      const { version: last, ledger } = evolve(before, event);
      const step = {
        accountId: id,
        version: last,
        commandId: `c${at}`,
        event,
        ledgerAfter: ledger,
      };
      return accounts.check.observe(step).map(({ invariant }) => invariant);
    });
  };
  const { transferId, from, to } = transferAt(0);
  const leg = (otherAccountId: AccountId) => ({ at: AT, transferId, otherAccountId });
  const ten = { amount: minor(10n) };
  const reserved: AccountEvent = { type: 'transfer-reserved', ...leg(to), ...ten };
  const sent: AccountEvent = { type: 'transfer-sent', ...leg(to), ...ten };
  const received: AccountEvent = { type: 'transfer-received', ...leg(from), ...ten };
  const reason = 'account-frozen' as const;
  const released: AccountEvent = { type: 'transfer-released', ...leg(to), ...ten, reason };
  const declined: AccountEvent = { type: 'transfer-declined', ...leg(from), ...ten, reason };

  test('nothing in a sound transfer', () => {
    expect(check(reserved, received, sent)).toEqual([]);
    expect(check(reserved, declined, released)).toEqual([]);
    expect(check(received, reserved, sent)).toEqual([]);
  });
  test('money that was released at the source and received at the target', () => {
    expect(check(reserved, received, released)).toEqual(['transfer-legs']);
  });
  test('money that left the source and was declined by the target', () => {
    expect(check(reserved, declined, sent)).toEqual(['transfer-legs']);
  });
  test('money that was received twice', () => {
    expect(check(reserved, received, received)).toEqual(['transfer-legs']);
  });
  test('another amount at the target', () => {
    expect(check(reserved, { ...received, amount: minor(11n) })).toEqual(['transfer-legs']);
  });
  test('another currency at the target, where the same units are other money', () => {
    const KWD = currencyOf('KWD') as Currency;
    expect(checkTo(KWD, reserved, received, sent)).toEqual(['transfer-legs']);
  });
  test('money that came to another account than it was sent to', () => {
    const third = { otherAccountId: idAt(2) };
    expect(check({ ...reserved, ...third }, received)).toEqual(['transfer-legs']);
    expect(check(reserved, { ...received, ...third })).toEqual(['transfer-legs']);
    expect(check(reserved, received, { ...sent, ...third })).toEqual(['transfer-legs']);
  });
});
