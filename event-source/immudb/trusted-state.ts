import type { LogState } from '../../proofs/log-transaction.ts';

/** What is believed of the log: everything that it shows must continue this. */
export interface TrustedState extends LogState {
  /** Our name for the database; the server's own id is never used, because it may change it. */
  readonly db: string;
  /** When, and at which transaction, the log was believed without proof: once. */
  readonly firstContact: { readonly txId: number; readonly at: string };
}

/** Keeps the trusted state where whoever may change the log's disk cannot change it too. */
export interface TrustStore {
  read(): Promise<TrustedState | undefined>;
  /** Durable when it resolves. An older state than the kept one is not written. */
  write(state: TrustedState): Promise<void>;
}

/** For tests: lives as long as the process. */
export function memoryTrustStore(kept?: TrustedState): TrustStore {
  return {
    read: () => Promise.resolve(kept),
    write(state) {
      if (state.txId >= (kept?.txId ?? 0)) kept = state;
      return Promise.resolve();
    },
  };
}
