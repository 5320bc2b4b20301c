import type { Request } from 'express';
import { objectsIn } from '../../contracts/access/access-records.ts';
import { ownerBound } from '../../contracts/access/principal.ts';
import { defined } from '../../contracts/account/events.ts';
import {
  begunTransactionId,
  listNames,
  transactionOfLine,
  transactionPlaceOfLine,
} from '../../contracts/account/lists.ts';
import { PAGE_ITEMS_DEFAULT } from '../../contracts/account/queries.ts';
import {
  FILTER_TRANSFERS_MAX,
  transactionsQuery,
  type ListedTransaction,
  type TransactionsAnswer,
  type TransactionsQuery,
} from '../../contracts/transfer/queries.ts';
import { sourceOf } from '../../domain/transfer-id.ts';
import { principalOf } from '../../platform/http/gate.ts';
import { invalid, queryOf } from '../../platform/http/requests.ts';
import { filteredList, readCursor, writeCursor } from '../cursors.ts';
import { Unavailable } from '../read-models/read-models.ts';
import { foreignCursor, passesCommon, walkList } from './list-walk.ts';
import type { TransferListPorts } from './transfer-list.ts';

type Filters = Omit<TransactionsQuery, 'limit' | 'cursor'>;

function nameOf({ accountId, status, reference, idempotencyKey, from, to }: Filters): string {
  const wanted = [status, reference, idempotencyKey, from, to];
  return filteredList(`transactions/${accountId ?? ''}`, wanted);
}

/** Without what only the owner of the first source sees. */
const seenBy = (one: ListedTransaction, filters: Filters, isCustomer: boolean) => {
  if (!isCustomer || sourceOf(one.transactionId) === filters.accountId) return one;
  const { description: _text, reference: _label, metadata: _more, ...told } = one;
  return told;
};

/** Lists transactions with a transfer of one account, or all, newest first. */
export function listTransactions({ accounts, lists, record }: TransferListPorts) {
  const whole = (line: string): ListedTransaction => ({
    ...transactionOfLine(line),
    status: 'completed',
  });
  const named = async (id: string): Promise<ListedTransaction> => {
    const line = await lists.line(begunTransactionId(id));
    // Both are written at once, in any order.
    if (line === undefined) throw new Unavailable(`transaction ${id} is not there`);
    return whole(line);
  };
  /** An account has an entry for each leg; those of one transaction follow one another. */
  const ofAccount = async (list: string, from: number | undefined) => {
    const [page, at] =
      from === undefined || from === 0 ? [[], 0] : [await lists.entries(list, from), from];
    const above = page.find(({ number }) => number === at);
    let last = above === undefined ? undefined : transactionPlaceOfLine(above.line).transactionId;
    return async (line: string): Promise<ListedTransaction | undefined> => {
      const { transactionId } = transactionPlaceOfLine(line);
      if (transactionId === last) return undefined;
      last = transactionId;
      return named(transactionId);
    };
  };

  return async (request: Request): Promise<TransactionsAnswer> => {
    const { limit = PAGE_ITEMS_DEFAULT, cursor, ...filters } = queryOf(transactionsQuery, request);
    const { accountId, from, to } = filters;
    if (from !== undefined && to !== undefined && from >= to) {
      throw invalid('query/to', 'must be after "from"');
    }
    const principal = principalOf(request);
    const owner = ownerBound(principal);
    if (accountId === undefined && owner !== undefined) {
      throw invalid('query/accountId', 'must name one of your accounts');
    }
    const name = nameOf(filters);
    const start = cursor === undefined ? undefined : (readCursor(name, cursor) ?? foreignCursor());
    if (owner !== undefined && accountId !== undefined) {
      const account = await accounts.account(accountId);
      if (account?.ownerId !== owner) {
        const objects = objectsIn({ id: accountId });
        record({ outcome: 'not-found', operation: 'listTransactions', principal, objects });
        return { items: [], nextCursor: null };
      }
    }
    const list = listOf(filters);
    const read =
      accountId === undefined
        ? (line: string) => Promise.resolve(whole(line))
        : await ofAccount(list, start);
    const take = async (line: string) => {
      const one = await read(line);
      if (one === undefined) return undefined;
      const seen = seenBy(one, filters, owner !== undefined);
      return passesCommon(filters, seen) ? defined(seen) : undefined;
    };
    const atOf = (line: string): string =>
      (accountId === undefined ? transactionOfLine(line) : transactionPlaceOfLine(line)).at;
    const bounds = { from, to, limit, most: FILTER_TRANSFERS_MAX };
    const { items, next } = await walkList(lists, { list, ...bounds, atOf, take }, start);
    return { items: [...items], nextCursor: next > 0 ? writeCursor(name, next) : null };
  };

  function listOf({ accountId, reference }: Filters): string {
    if (accountId !== undefined) return listNames.transactionsOf(accountId);
    return reference === undefined
      ? listNames.transactions
      : listNames.transactionsByReference(reference);
  }
}
