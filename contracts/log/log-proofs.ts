import type { StreamId } from '../../domain/ids.ts';
import type {
  ConsistencyDocument,
  ExportedEvent,
  ExportHeader,
  ReceiptDocument,
  SignedStateDocument,
  WalkedTransaction,
} from './receipts.ts';

export interface Period {
  /** RFC 3339 UTC: from this time on, and before that one. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * What the log can prove to others. Event-source checks each answer before it gives it; for who
 * does not want to believe the bank only the receiver's own check counts.
 */
export interface LogProofs {
  /** The key that states of the log are signed with, PEM. */
  publicKey(): Promise<string>;
  /** The state of the log now. */
  state(): Promise<SignedStateDocument>;
  /**
   * From the state at one transaction to that at another (now, when missing); undefined when one
   * of them is not there, or they are in the wrong order.
   */
  consistency(from: number, to?: number): Promise<ConsistencyDocument | undefined>;
  /** undefined when the stream has no such version. */
  receipt(stream: StreamId, version: number): Promise<ReceiptDocument | undefined>;
  /**
   * The beginning of an export of an account's events or its refusals; undefined when there is no
   * such account, or nothing to export.
   */
  exportHeader(stream: StreamId, period: Period): Promise<ExportHeader | undefined>;
  /** At least one event, from a version on, proven against the state at a transaction. */
  exported(stream: StreamId, from: number, limit: number, at: number): Promise<ExportedEvent[]>;
  /** Transactions from one on with all their keys, without values; none when there are no more. */
  walk(fromTx: number): Promise<WalkedTransaction[]>;
}
