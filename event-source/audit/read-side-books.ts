import { z } from 'zod';
import { balanceOf, balanceSchema, sameBalance } from '../../contracts/balances.ts';
import { inParallel } from '../../platform/parallel.ts';
import type { AuditBooks } from './books.ts';
import type { Finding } from './entries.ts';

const READERS = 16;
const CALL_MS_MAX = 10_000;
const shownAccount = z.object({ version: z.int(), balance: balanceSchema });

/** How many accounts were found how; a text says why none was. */
export type ReadSideResult =
  { readonly equal: number; readonly behind: number; readonly movedOn: number } | string;

export interface ReadSideParts {
  /** The query API. */
  readonly url: string;
  readonly books: AuditBooks;
  readonly onFinding: (finding: Finding) => void;
  readonly onAccount: () => void;
}

/**
 * Compares every account of the books with what the query API shows. An account that is behind
 * gets the time that a query waits; one that moved on since the walk is not judged.
 */
export async function compareReadSide(parts: ReadSideParts): Promise<ReadSideResult> {
  const { url, books, onFinding, onAccount } = parts;
  const seen = { equal: 0, behind: 0, movedOn: 0 };
  const read = (path: string): Promise<Response> =>
    fetch(`${url}${path}`, { signal: AbortSignal.timeout(CALL_MS_MAX) });

  const compareOne = async (id: string): Promise<void> => {
    const folded = books.ledger.account(id);
    if (folded.status === 'none') return;
    const answer = await read(`/v1/accounts/${id}?minVersion=${folded.version}`);
    onAccount();
    if (answer.status === 503 || answer.status === 404) return void (seen.behind += 1);
    const shown = shownAccount.parse(await answer.json());
    if (shown.version > folded.version) return void (seen.movedOn += 1);
    const balance = balanceOf(folded);
    if (sameBalance(shown.balance, balance)) return void (seen.equal += 1);
    const detail =
      `The read side shows ${JSON.stringify(shown.balance)} for version ${shown.version} of ` +
      `account ${id}, but the log makes ${JSON.stringify(balance)}.`;
    onFinding({ kind: 'read-side', subject: id, detail });
  };

  const answers = await read('/health/live').catch(() => undefined);
  if (answers?.status !== 200) return `nobody answers at ${url}`;
  await inParallel(books.ledger.accountIds(), READERS, compareOne);
  return seen;
}
