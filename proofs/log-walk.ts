import type { WalkedTransaction } from '../contracts/log/receipts.ts';
import { sameHash } from './hashing.ts';
import { eventKey, positionOf } from './entry-proof.ts';
import {
  EMPTY_LOG,
  followTransaction,
  type HashedEntry,
  type LogState,
  type WalkedState,
} from './log-transaction.ts';
import * as documents from './proof-documents.ts';
import { faulty, isFault, type ProofFault } from './proof-fault.ts';

/** A version of a stream: its position in the log and the hash of its value. */
export interface PlacedVersion {
  readonly position: number;
  readonly hValue: Uint8Array;
}

/**
 * Walks the whole log by its hashes and sees every key that was ever written. This is the only
 * proof that a key was written once and that nothing follows the last version: immudb's own proofs
 * show that something is there, never that something is not.
 */
export function createLogWalk(stream: string, start: WalkedState = EMPTY_LOG) {
  const prefix = `${stream}/`;
  const versions = new Map<number, PlacedVersion>();
  let state = start;

  const see = ({ key, hValue, metadata }: HashedEntry, position: number) => {
    const name = Buffer.from(key).toString('latin1', 1);
    if (!name.startsWith(prefix)) return undefined;
    const where = `in transaction ${state.txId + 1}`;
    const version = Number(name.slice(prefix.length));
    if (metadata !== null) return faulty('erased', `${name} was erased ${where}.`);
    if (versions.has(version)) return faulty('rewritten', `${name} was written again ${where}.`);
    if (name !== eventKey(stream, version)) {
      return faulty('entry-differs', `${name} was written ${where}, but no event has such a key.`);
    }
    versions.set(version, { position, hValue });
    return undefined;
  };

  return {
    /** Takes the next transaction; returns what is wrong with it, or undefined. */
    take(transaction: WalkedTransaction): ProofFault | undefined {
      const header = documents.readHeader(transaction.header);
      const entries = transaction.entries.map(readEntry);
      const next = followTransaction(state, { header, entries });
      if (isFault(next)) return next;
      for (const [index, entry] of entries.entries()) {
        const fault = see(entry, positionOf(header.id, index));
        if (fault !== undefined) return fault;
      }
      state = next;
      return undefined;
    },
    /** Whether the walk came to the state that was signed. */
    end(signed: LogState): ProofFault | undefined {
      if (state.txId !== signed.txId) {
        const detail = `The log was walked to transaction ${state.txId}, not to ${signed.txId}.`;
        return faulty('missing', detail);
      }
      if (sameHash(state.txHash, signed.txHash)) return undefined;
      return faulty('forked', `The walked log is not the one that was signed at ${signed.txId}.`);
    },
    /** The last transaction that was taken. */
    txId: (): number => state.txId,
    /** Each version of the stream. */
    versions: (): ReadonlyMap<number, PlacedVersion> => versions,
  };
}

/**
 * Checks that the log has exactly the versions 1 to `latest` of the stream, each as it was shown.
 * @returns what differs, or undefined.
 */
export function versionsFault(
  walked: ReadonlyMap<number, PlacedVersion>,
  exported: ReadonlyMap<number, PlacedVersion>,
  { latest, stream }: { readonly latest: number; readonly stream: string },
): ProofFault | undefined {
  for (let version = 1; version <= latest; version += 1) {
    const shown = exported.get(version);
    const fault = versionFault(walked.get(version), shown, `version ${version} of ${stream}`);
    if (fault !== undefined) return fault;
  }
  if (walked.size === latest) return undefined;
  const detail = `The log has ${walked.size} versions of ${stream}, the export tells of ${latest}.`;
  return faulty('missing', detail);
}

/**
 * Checks that the log has this version, at the position and with the value that were shown, if any.
 * @returns what differs, or undefined.
 */
export function versionFault(
  walked: PlacedVersion | undefined,
  shown: PlacedVersion | undefined,
  name: string,
): ProofFault | undefined {
  if (walked === undefined) return faulty('missing', `The walked log has no ${name}.`);
  if (shown === undefined) return undefined;
  if (shown.position !== walked.position) {
    return faulty('entry-differs', `The walked log has ${name} at another place.`);
  }
  if (sameHash(shown.hValue, walked.hValue)) return undefined;
  return faulty('two-histories', `The walked log has another ${name} than was shown.`);
}

function readEntry(entry: WalkedTransaction['entries'][number]): HashedEntry {
  const { metadata } = entry;
  return {
    key: Buffer.from(entry.key, 'base64'),
    hValue: Buffer.from(entry.hValue, 'base64'),
    metadata:
      metadata === undefined
        ? null
        : {
            deleted: metadata.deleted,
            nonIndexable: metadata.nonIndexable,
            expiration: metadata.expiresAt === undefined ? null : { expiresAt: metadata.expiresAt },
          },
  };
}
