import { accountIdOfSerial, accountNumberOf } from '../../domain/account-number.ts';
import type { AccountId } from '../../domain/ids.ts';
import type {
  AccountChange,
  AccountModel,
  HistoryEntry,
} from '../../contracts/account/read-models.ts';

export const idOf = (index: number): AccountId => accountIdOfSerial(BigInt(900_000 + index));

/** An account that got 1.00 with every version after the first. */
export function accountOf(index: number, version = 1, ownerId = 'jana-novakova'): AccountModel {
  const accountId = idOf(index);
  return {
    accountId,
    accountNumber: accountNumberOf(accountId) ?? '',
    ownerId,
    currency: 'CZK',
    status: 'open',
    version,
    balance: { ledger: `${version - 1}.00`, held: '0.00', available: `${version - 1}.00` },
    overdraftLimit: '0.00',
    openedAt: '2026-11-21T10:00:00.000Z',
    at: '2026-11-21T11:00:00.000Z',
    position: 65_536 * version,
    ownerIndex: index,
    index,
  };
}

export function lineOf(index: number, version: number): HistoryEntry {
  const { currency, balance, at, position } = accountOf(index, version);
  return {
    version,
    type: version === 1 ? 'account-opened' : 'money-deposited',
    direction: version === 1 ? 'none' : 'credit',
    amount: version === 1 ? '0.00' : '1.00',
    currency,
    balanceAfter: balance,
    commandId: `command-${version}`,
    eventId: `acct/${idOf(index)}/${version}`,
    at,
    position,
  };
}

export const changeOf = (
  seq: number,
  settled: number,
  accounts: AccountModel[],
): AccountChange => ({
  seq,
  settled,
  accounts,
  after: seq,
  position: seq + 1,
  lastEventId: 'x',
  events: seq,
  opened: 0,
});

/** So that a failing run can be repeated. */
export { seededBelow as randomOf } from '../../platform/seeded-random.ts';
