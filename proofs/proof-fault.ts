/** The kind of a fault. */
export type FaultName =
  /** The log has something else than what the proof names: event, value or place were changed. */
  | 'entry-differs'
  /** A transaction whose parts do not make up its hash. */
  | 'transaction-differs'
  /** Two states of which neither is a continuation of the other. */
  | 'forked'
  /** The chain has other transactions than the Merkle tree that is signed with it. */
  | 'two-histories'
  /** A state older than one that is known. */
  | 'rolled-back'
  | 'signature-missing'
  | 'signature-foreign'
  /** The key was written more than once. */
  | 'rewritten'
  /** The key was deleted, or written to expire. */
  | 'erased'
  /** Something that must be there is not. */
  | 'missing'
  /** Not a document of this kind and version. */
  | 'unreadable';

/** Why something is not proven. A value, never thrown: the caller must handle it. */
export interface ProofFault {
  readonly fault: FaultName;
  /** One sentence for a person: what is wrong, and where. */
  readonly detail: string;
}

/** Makes a fault. */
export const faulty = (fault: FaultName, detail: string): ProofFault => ({ fault, detail });

/** Whether a result is a fault; undefined is none. */
export const isFault = (value: object | undefined): value is ProofFault =>
  value !== undefined && 'fault' in value;
