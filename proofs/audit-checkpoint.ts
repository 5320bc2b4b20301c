import { verify, type KeyObject } from 'node:crypto';
import {
  signedCheckpoint,
  type Checkpoint,
  type SignedCheckpoint,
} from '../contracts/log/audit.ts';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { sha256 } from './hashing.ts';
import { faulty, isFault, type ProofFault } from './proof-fault.ts';
import type { BankKeys } from './signed-state.ts';

/** The previous hash that the first checkpoint names. */
export const NO_CHECKPOINT = '0'.repeat(64);

/** The canonical JSON of a checkpoint in UTF-8: what is signed and hashed. */
export const checkpointBytes = (checkpoint: Checkpoint): Buffer =>
  Buffer.from(canonicalJson(checkpoint));
/** SHA-256 of a checkpoint in hex, which the next checkpoint names. */
export const checkpointHash = (checkpoint: Checkpoint): string =>
  sha256(checkpointBytes(checkpoint)).toString('hex');

/**
 * Reads one line of the auditor's file.
 * @returns a fault when it is no checkpoint or is not signed with this key.
 */
export function readCheckpoint(line: string, key: KeyObject): SignedCheckpoint | ProofFault {
  let signed: SignedCheckpoint;
  try {
    signed = signedCheckpoint.parse(JSON.parse(line));
  } catch {
    return faulty('unreadable', 'The line is not a checkpoint of an auditor.');
  }
  const { checkpoint, signature } = signed;
  const bytes = checkpointBytes(checkpoint);
  if (verify('sha256', bytes, key, Buffer.from(signature, 'base64'))) return signed;
  const detail = `Checkpoint ${checkpoint.number} is not what the holder of this key signed.`;
  return faulty('signature-foreign', detail);
}

/**
 * Reads lines in order, with the keys that the auditor has had, the latest first. What comes after
 * a checkpoint of one key is not taken from an earlier one: that key was replaced.
 */
export function checkpointReader(keys: BankKeys) {
  let possible = [keys].flat();
  return (line: string): SignedCheckpoint | ProofFault => {
    let fault: SignedCheckpoint | ProofFault = faulty('signature-foreign', 'There is no key.');
    for (const [at, key] of possible.entries()) {
      const read = readCheckpoint(line, key);
      if (!isFault(read)) {
        possible = possible.slice(0, at + 1);
        return read;
      }
      fault = read;
    }
    return fault;
  };
}

/**
 * Reads all lines of the auditor's file in order: each must be signed and name the previous one.
 * @returns all checkpoints, or the first fault.
 */
export function readCheckpoints(
  lines: Iterable<string>,
  keys: BankKeys,
): readonly SignedCheckpoint[] | ProofFault {
  const all: SignedCheckpoint[] = [];
  let previous = NO_CHECKPOINT;
  const read = checkpointReader(keys);
  for (const line of lines) {
    const signed = read(line);
    if (isFault(signed)) return signed;
    const { number, previous: named } = signed.checkpoint;
    if (number !== all.length + 1 || named !== previous) {
      const detail = `Checkpoint ${number} does not follow number ${all.length}: some are gone.`;
      return faulty('missing', detail);
    }
    previous = checkpointHash(signed.checkpoint);
    all.push(signed);
  }
  return all;
}
