import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { appendFile, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Checkpoint, SignedCheckpoint } from '../../contracts/log/audit.ts';
import { checkpointBytes, checkpointHash, NO_CHECKPOINT } from '../../proofs/audit-checkpoint.ts';
import { checkpointReader } from '../../proofs/audit-checkpoint.ts';
import { faulty, isFault, type ProofFault } from '../../proofs/proof-fault.ts';
import { publicKeyPem, readPublicKey } from '../../proofs/signed-state.ts';

const OWNER_ONLY = 0o600;
/** The end of the file that is read at the start: about a hundred checkpoints. */
const TAIL_BYTES = 128 * 1024;

type NewCheckpoint = Omit<Checkpoint, 'format' | 'number' | 'previous'>;

/** What the auditor has said, one signed line each; only ever appended to. */
export interface CheckpointFile {
  /** The last ones in order; a fault when the end of the file is not what was written there. */
  open(): Promise<readonly SignedCheckpoint[] | ProofFault>;
  /** Signs and adds one; durable when it resolves. After a failure the file is read again. */
  append(checkpoint: NewCheckpoint): Promise<SignedCheckpoint>;
}

/** The auditor's key out of one line: base64 of its PKCS8 DER. */
export const auditorKey = (base64: string): KeyObject =>
  createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' });

/** Public keys of one line, as AUDIT_EARLIER_KEYS has them. */
export const earlierKeys = (list: string): readonly KeyObject[] =>
  list === '' ? [] : list.split(',').map((key) => readPublicKey(publicKeyPem(key)));

/**
 * The checkpoints in a file that must not lie where the log lies.
 * @param earlier public keys that signed before this one, the latest first.
 */
export function checkpointFile(
  path: string,
  privateKey: KeyObject,
  earlier: readonly KeyObject[] = [],
): CheckpointFile {
  const keys = [createPublicKey(privateKey), ...earlier];
  let last: Checkpoint | undefined;
  let isSound = false;

  const file: CheckpointFile = {
    async open() {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const opened = await open(path, 'a+', OWNER_ONLY);
      try {
        const { size } = await opened.stat();
        const start = Math.max(0, size - TAIL_BYTES);
        const { buffer, bytesRead } = await opened.read(Buffer.alloc(size - start), 0, null, start);
        const tail = buffer.subarray(0, bytesRead);
        // A crash may leave a part of a line, which was never acknowledged.
        const end = tail.lastIndexOf(0x0a) + 1;
        if (end < tail.length) await opened.truncate(start + end);
        const lines = tail.toString('utf8', 0, end).split('\n').slice(0, -1);
        const read = follow(start === 0 ? lines : lines.slice(1), keys, start === 0);
        if (isFault(read)) return read;
        last = read.at(-1)?.checkpoint;
        isSound = true;
        return read;
      } finally {
        await opened.close();
      }
    },
    async append(said) {
      const read = isSound ? undefined : await file.open();
      if (isFault(read)) throw new Error(`the file of checkpoints is not sound: ${read.detail}`);
      const checkpoint: Checkpoint = {
        format: 'core-bank-checkpoint/1',
        number: (last?.number ?? 0) + 1,
        previous: last === undefined ? NO_CHECKPOINT : checkpointHash(last),
        ...said,
      };
      const signature = sign('sha256', checkpointBytes(checkpoint), privateKey).toString('base64');
      const signed = { checkpoint, signature };
      // A full disk may take half of the line, or all of it and not say so.
      isSound = false;
      const line = `${JSON.stringify(signed)}\n`;
      await appendFile(path, line, { mode: OWNER_ONLY, flush: true });
      isSound = true;
      last = checkpoint;
      return signed;
    },
  };
  return file;
}

/** Each line signed, and following the one before as far as that was read. */
function follow(
  lines: readonly string[],
  keys: readonly KeyObject[],
  fromStart: boolean,
): readonly SignedCheckpoint[] | ProofFault {
  const all: SignedCheckpoint[] = [];
  const read = checkpointReader(keys);
  for (const line of lines) {
    const signed = read(line);
    if (isFault(signed)) return signed;
    const { number, previous } = signed.checkpoint;
    const before = all.at(-1)?.checkpoint;
    const due = before === undefined ? NO_CHECKPOINT : checkpointHash(before);
    if ((before !== undefined || fromStart) && previous !== due) {
      return faulty('missing', `Checkpoint ${number} does not follow the one before it.`);
    }
    all.push(signed);
  }
  return all;
}
