import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DualProof } from './dual-proof.ts';
import type { EntryMetadata, TxHeader } from './log-transaction.ts';

/** What a real immudb 1.11.1 answered: see event-source/immudb/proofs.integration.test.ts. */
export interface Vectors {
  readonly publicKey: string;
  readonly db: string;
  readonly transactions: readonly VectorTransaction[];
  readonly states: readonly VectorState[];
  readonly proofs: readonly VectorProof[];
  readonly entries: readonly VectorEntry[];
}
interface VectorTransaction {
  readonly header: TxHeader;
  readonly entries: readonly {
    readonly key: Buffer;
    readonly hValue: Buffer;
    readonly value: Buffer;
    readonly metadata: EntryMetadata | null;
  }[];
}
interface VectorState {
  readonly txId: number;
  readonly txHash: Buffer;
  readonly signature: Buffer;
}
interface VectorProof {
  readonly source: number;
  readonly target: number;
  readonly dualProof: DualProof;
}
interface VectorEntry {
  readonly tx: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly inclusion: {
    readonly leaf: number;
    readonly width: number;
    readonly terms: readonly Buffer[];
  };
}

const FILE = join('proofs', 'immudb-vectors.json');
const MARK = 'base64:';

type Json = { readonly type?: string; readonly data?: readonly number[] };
const isBytes = (value: unknown): value is { data: readonly number[] } =>
  typeof value === 'object' && (value as Json | null)?.type === 'Buffer';

export const writeVectors = (vectors: Vectors): void => {
  const text = JSON.stringify(vectors, (_name, value: unknown) =>
    isBytes(value) ? `${MARK}${Buffer.from(value.data).toString('base64')}` : value,
  );
  writeFileSync(FILE, `${text}\n`);
};

export const readVectors = (): Vectors =>
  JSON.parse(readFileSync(FILE, 'utf8'), (_name, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK)
      ? Buffer.from(value.slice(MARK.length), 'base64')
      : value,
  ) as Vectors;
