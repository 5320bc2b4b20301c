import type {
  ConsistencyDocument,
  ExportedEvent,
  ExportHead,
  ReceiptDocument,
  SignedStateDocument,
  WalkedTransaction,
} from '../../contracts/receipts.ts';
import type { StreamId } from '../../domain/ids.ts';

export interface Period {
  /** RFC 3339 UTC: from this time on, and before that one. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** What the log can prove to others. Each answer was checked here before it is given. */
export interface LogProofs {
  /** undefined when the stream has no such version. */
  receipt(stream: StreamId, version: number): Promise<ReceiptDocument | undefined>;
  /** The state of the log now. */
  state(): Promise<SignedStateDocument>;
  /** From the state at one transaction to that at another (now, when missing). */
  consistency(from: number, to?: number): Promise<ConsistencyDocument | undefined>;
  /** The beginning of an export; undefined when there is no such account, or nothing to export. */
  exportHead(stream: StreamId, period: Period): Promise<ExportHead | undefined>;
  /** Events of an export, proven against the state at a transaction; at least one. */
  exported(stream: StreamId, from: number, limit: number, at: number): Promise<ExportedEvent[]>;
  /** Transactions with all their keys, without values; none when there is nothing more. */
  walk(fromTx: number): Promise<WalkedTransaction[]>;
}
