import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../platform/durable-file.ts';
import { serial } from '../../platform/serial.ts';
import type { LogState } from '../../proofs/log-transaction.ts';

/** What is known of the log: everything that it shows later must continue this. */
export interface TrustedState extends LogState {
  /** Our name for the database; the server's own id is never used, because it may change it. */
  readonly db: string;
  /** When, and at which transaction, the log was believed without proof: once. */
  readonly firstContact: { readonly txId: number; readonly at: string };
}

/** Stores the trusted state where nobody who can change the log's disk can change it too. */
export interface TrustStore {
  /** Undefined before the first contact. */
  read(): Promise<TrustedState | undefined>;
  /** Durable when it resolves. An older state than the stored one is not written. */
  write(state: TrustedState): Promise<void>;
}

/** A store for tests, in memory. */
export function memoryTrustStore(kept?: TrustedState): TrustStore {
  return {
    read: () => Promise.resolve(kept),
    write(state) {
      if (state.txId >= (kept?.txId ?? 0)) kept = state;
      return Promise.resolve();
    },
  };
}

const FORMAT = 'core-bank-trusted-state/1';

const content = z.strictObject({
  format: z.literal(FORMAT),
  db: z.string().min(1),
  txId: z.int().min(1),
  txHash: z.string().regex(/^[0-9a-f]{64}$/),
  firstContact: z.strictObject({ txId: z.int().min(1), at: z.string() }),
});

/**
 * The trusted state in a file: a new one replaces the old one as a whole, synced before and after,
 * so that a power loss leaves one of the two. A file that exists and cannot be read is an error,
 * never a first contact.
 */
export function trustFile(path: string): TrustStore {
  const read = async (): Promise<TrustedState | undefined> => {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const { format: _format, txHash, ...state } = parse(path, text);
    return { ...state, txHash: Buffer.from(txHash, 'hex') };
  };
  const write = async ({ txHash, ...state }: TrustedState): Promise<void> => {
    const kept = await read();
    if (kept !== undefined && kept.txId > state.txId) return;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const text = { format: FORMAT, ...state, txHash: txHash.toString('hex') };
    await replaceFile(path, `${JSON.stringify(text, null, 2)}\n`);
  };
  const inTurn = serial();
  return { read, write: (state) => inTurn(() => write(state)) };
}

function parse(path: string, text: string): z.infer<typeof content> {
  try {
    return content.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `${path} is not a trusted state of the log. Put it back from a backup; without it nothing ` +
        'proves that the log is the one that was written.',
      { cause: error },
    );
  }
}
