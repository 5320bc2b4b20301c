import type { Request } from 'express';
import { ownerBound } from '../../contracts/access/principal.ts';
import {
  OWNER_BALANCES_ACCOUNTS_MAX,
  ownerBalancesQuery,
  type BalanceAnswer,
  type OwnerBalancesAnswer,
} from '../../contracts/account/queries.ts';
import type { AccountModel } from '../../contracts/account/read-models.ts';
import { currencyOf } from '../../domain/currency.ts';
import type { AccountId } from '../../domain/ids.ts';
import { formatAmount, minor, readAmount } from '../../domain/money.ts';
import type { RecordAccess } from '../../platform/access-reports.ts';
import { principalOf } from '../../platform/http/gate.ts';
import { Failure } from '../../platform/http/http.ts';
import { invalid, queryOf } from '../../platform/http/requests.ts';
import { inParallel } from '../../platform/parallel.ts';
import { isForeignOwner } from '../own-objects.ts';
import { setAside } from '../read-your-writes.ts';
import type { AccountView } from './account-view.ts';
import { balanceAtTime, type PastPorts } from './past-balance.ts';

const ACCOUNTS_AT_ONCE = 8;

/** What the balances of an owner need. */
export interface OwnerBalancesPorts extends Pick<PastPorts, 'log'> {
  readonly accounts: Pick<AccountView, 'listed'>;
  readonly record: RecordAccess;
}

type Balance = Pick<BalanceAnswer, 'currency' | 'ledger' | 'held' | 'available'>;

/** Adds up what the accounts of an owner have: now, or at a time, which is asked of the log. */
export function ownerBalances(ports: OwnerBalancesPorts) {
  const atTime = async (accounts: readonly AccountModel[], at: number): Promise<Balance[]> => {
    const balances: Balance[] = [];
    await inParallel(accounts, ACCOUNTS_AT_ONCE, async ({ accountId }) => {
      try {
        balances.push(await balanceAtTime(ports, accountId as AccountId, at));
      } catch (error) {
        const isLater = error instanceof Failure && error.code === 'account-not-opened-yet';
        if (!isLater) throw error;
      }
    });
    return balances;
  };
  const newest = (accounts: readonly AccountModel[]): Balance[] =>
    accounts.map(({ currency, balance, version, setAside: fault }) => {
      if (fault !== undefined) throw setAside(version);
      return { currency, ...balance };
    });

  return async (request: Request): Promise<OwnerBalancesAnswer> => {
    const { ownerId: asked, at } = queryOf(ownerBalancesQuery, request);
    if (at !== undefined && at > Date.now()) {
      throw invalid('query/at', 'must not be in the future');
    }
    const ownerId = asked ?? ownerBound(principalOf(request));
    if (ownerId === undefined) throw invalid('query/ownerId', 'is required');
    const when = at === undefined ? {} : { at: new Date(at).toISOString() };
    if (isForeignOwner(ports.record, 'readOwnerBalances', request, ownerId)) {
      return { ownerId, ...when, items: [] };
    }
    const accounts = await ports.accounts.listed(ownerId, 0, OWNER_BALANCES_ACCOUNTS_MAX + 1);
    if (accounts.length > OWNER_BALANCES_ACCOUNTS_MAX) throw new Failure('too-many-accounts');
    const balances = at === undefined ? newest(accounts) : await atTime(accounts, at);
    return { ownerId, ...when, items: byCurrency(balances) };
  };
}

function byCurrency(balances: readonly Balance[]): OwnerBalancesAnswer['items'] {
  const codes = [...new Set(balances.map(({ currency }) => currency))].sort();
  return codes.map((code) => {
    const currency = currencyOf(code);
    if (currency === undefined) throw new Error(`an account has the unknown currency ${code}`);
    const own = balances.filter((balance) => balance.currency === code);
    const sumOf = (member: 'ledger' | 'held' | 'available'): string => {
      const units = own.reduce((sum, balance) => sum + readAmount(balance[member], currency), 0n);
      return formatAmount(minor(units), currency);
    };
    const [ledger, held, available] = [sumOf('ledger'), sumOf('held'), sumOf('available')];
    return { currency: code, accounts: own.length, ledger, held, available };
  });
}
