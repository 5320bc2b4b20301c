import type { KeyObject } from 'node:crypto';
import { setImmediate as nextRound } from 'node:timers/promises';
import type { Checkpoint, SignedCheckpoint } from '../../contracts/log/audit.ts';
import { sameHash } from '../../proofs/hashing.ts';
import type { LogState } from '../../proofs/log-transaction.ts';
import { signatureFault } from '../../proofs/signed-state.ts';
import type { AuditBooks } from './books.ts';
import type { AuditedTx, Finding } from './entries.ts';
import type { ReadTransaction } from './read-transaction.ts';
import { SNAPSHOT_EVENTS, type BooksSnapshot } from './snapshots.ts';

/** Reads the whole log in commit order; rejects with LogUnavailable while it is away. */
export interface AuditSource<Read = AuditedTx | ReadTransaction> {
  /** Some transactions from this one on, in order; none at the end of the log. */
  read(from: number): Promise<readonly Read[]>;
  /** The state that the server claims. */
  state(): Promise<LogState & { readonly signature: Uint8Array }>;
}

/** What checkpoints say, by transaction. */
export type Said = ReadonlyMap<number, Pick<Checkpoint, 'root' | 'at'>>;

/**
 * What checkpoints say of each transaction. Of two the first counts: the other was made from a log
 * that had already been exchanged, and says so only in its verdict.
 */
export const saidBy = (checkpoints: readonly SignedCheckpoint[]): Said =>
  new Map(checkpoints.toReversed().map(({ checkpoint }) => [checkpoint.transaction, checkpoint]));

/** What the walk needs. */
export interface AuditWalkParts {
  readonly source: AuditSource;
  readonly books: AuditBooks;
  /** Name of the log's database and the key that its states are signed with. */
  readonly database: string;
  readonly publicKey: KeyObject;
  /** What was published of the log before: its hash at some transactions, in hex. */
  readonly said: Said;
  readonly onFinding: (finding: Finding) => void;
  readonly onPage: (transaction: number, events: number) => void;
  /** The books after every SNAPSHOT_EVENTS events or a few more. */
  readonly onSnapshot?: (snapshot: BooksSnapshot) => void;
  /** Rests after a page that took so many milliseconds, to leave the processor to others. */
  readonly rest: (spentMs: number) => Promise<void>;
}

const TOLD_MAX = 1_000;

/** Walks the log from where the books are to its end, and reports the faults on the way. */
export function auditWalk(parts: AuditWalkParts) {
  const { source, books, database, publicKey, said, onFinding, onPage, rest } = parts;
  let snapshotAt = books.events();

  // The end is looked at again and again; what is wrong with it counts once.
  const told = new Set<string>();
  const tell = (finding: Finding): void => {
    if (told.has(finding.detail)) return;
    if (told.size < TOLD_MAX) told.add(finding.detail);
    books.violated();
    onFinding(finding);
  };

  const compareWithSaid = ({ txId, txHash }: LogState): void => {
    const before = said.get(txId);
    if (before === undefined || before.root === txHash.toString('hex')) return;
    const detail =
      `Transaction ${txId} is not the one that was verified at ${before.at}: the log was rolled ` +
      'back and has another history now.';
    tell({ kind: 'rolled-back', subject: `transaction ${txId}`, detail });
  };
  const snapshot = (): void => {
    if (books.events() - snapshotAt < SNAPSHOT_EVENTS) return;
    snapshotAt = books.events();
    parts.onSnapshot?.(books.snapshot());
  };
  /** True when the end was reached. */
  const walk = async (stopped: () => boolean): Promise<boolean> => {
    let page = source.read(books.state().txId + 1);
    for (;;) {
      const began = performance.now();
      const txs = await page;
      const last = txs.at(-1);
      if (last === undefined) return true;
      // The next page is on its way while this one is hashed.
      const more = stopped() ? undefined : source.read(idOf(last) + 1);
      more?.catch(() => undefined);
      // A request leaves only when this process is idle for a moment.
      await nextRound();
      for (const tx of txs) {
        const found = 'header' in tx ? books.take(tx) : books.takeRead(tx);
        for (const finding of found) onFinding(finding);
        compareWithSaid(books.state());
        snapshot();
      }
      onPage(idOf(last), books.events());
      if (more === undefined) return false;
      await rest(performance.now() - began);
      page = more;
    }
  };

  /** What the server claims of the end, against what was walked; true when it is well. */
  const compareEnd = async (): Promise<boolean> => {
    for (const finding of books.overdue(new Date().toISOString())) onFinding(finding);
    const reached = books.state();
    const { signature, ...state } = await source.state();
    const wrong = (kind: Finding['kind'], detail: string): false => {
      tell({ kind, subject: 'the log', detail });
      return false;
    };
    const known = [...said.keys()].reduce((most, txId) => Math.max(most, txId), reached.txId);
    if (state.txId < known) {
      const detail = `The log ends at transaction ${state.txId}, but was verified up to ${known}: `;
      return wrong('rolled-back', `${detail}it was rolled back.`);
    }
    if (state.txId === reached.txId && !sameHash(state.txHash, reached.txHash)) {
      const detail = `The log says another hash of transaction ${state.txId} than it has.`;
      return wrong('rolled-back', detail);
    }
    const fault = signatureFault({ ...state, db: database, signature }, publicKey);
    return fault === undefined ? true : wrong('tampered', fault.detail);
  };
  return { walk, compareEnd };
}

const idOf = (tx: AuditedTx | ReadTransaction): number =>
  'header' in tx ? tx.header.id : tx.state.txId;
