import type {
  ConsistencyDocument,
  ExportedEvent,
  ExportHead,
  ReceiptDocument,
  SignedStateDocument,
  WalkedTransaction,
} from '../../contracts/log/receipts.ts';
import type { StreamId } from '../../domain/ids.ts';

/** Part of an account's life. Undefined: without that end. */
interface Period {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Proofs from the log. They are passed on as they are: only the receiver's check counts. */
export interface LogProofs {
  publicKey(): Promise<string>;
  state(): Promise<SignedStateDocument>;
  /** Undefined when one of the states does not exist, or they are in the wrong order. */
  consistency(from: number, to?: number): Promise<ConsistencyDocument | undefined>;
  receipt(stream: StreamId, version: number): Promise<ReceiptDocument | undefined>;
  /** Of an account's events or its refusals; undefined when there is no such account. */
  exportHead(stream: StreamId, period: Period): Promise<ExportHead | undefined>;
  /** At least one event, from a version on, proven against the state at a transaction. */
  exported(stream: StreamId, from: number, limit: number, at: number): Promise<ExportedEvent[]>;
  /** Transactions from one on, none when the log has no more. */
  walk(fromTx: number): Promise<WalkedTransaction[]>;
}
