import { createPublicKey } from 'node:crypto';
import { dualProofFault } from '../../proofs/dual-proof.ts';
import { entryFault } from '../../proofs/entry-proof.ts';
import { EMPTY_LOG, followTransaction, type WalkedState } from '../../proofs/log-transaction.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { signatureFault } from '../../proofs/signed-state.ts';
import { writeVectors, type Vectors } from '../../proofs/vectors-for-tests.ts';
import { proofBetween, provenEntry, transactionsFrom } from './wire.ts';
import { immudbClient, type ImmudbClient } from './client.ts';
import { BUILD_MS_MAX, startImmudb, type ImmudbForTests } from './immudb-for-tests.ts';

jest.setTimeout(120_000);

const TRANSACTIONS = 40;
let immudb: ImmudbForTests;
let client: ImmudbClient;

/** Transactions of 1 to 9 entries, one deletion and one rewritten key among them. */
async function fill(): Promise<Vectors['states'][number][]> {
  const states = [];
  for (let tx = 1; tx <= TRANSACTIONS; tx += 1) {
    const call = client.call as (name: string, request: object) => Promise<unknown>;
    const KVs = Array.from({ length: 1 + ((tx * 7) % 9) }, (_, at) => ({
      key: Buffer.from(`acct/${tx}/${at}`),
      value: Buffer.from(`{"index":${at},"event":{"tx":${tx}}}`),
    }));
    if (tx === 20) await call('Delete', { keys: [Buffer.from('acct/5/0')] });
    else if (tx === 25) await call('Set', { KVs: [{ ...KVs[0], key: Buffer.from('acct/6/0') }] });
    else await client.call('Set', { KVs, preconditions: [] });
    const { txId, txHash, signature } = await client.call('CurrentState', {});
    states.push({ txId, txHash, signature: signature!.signature });
  }
  return states;
}

async function collect(): Promise<Vectors> {
  const states = await fill();
  const { txs } = await client.call('TxScan', transactionsFrom(1, TRANSACTIONS));
  const proofs = [];
  for (let source = 1; source <= TRANSACTIONS; source += 1) {
    for (let target = source; target <= TRANSACTIONS; target += 1) {
      const { dualProof } = await client.call('VerifiableTxById', proofBetween(source, target));
      proofs.push({ source, target, dualProof });
    }
  }
  const entries = [];
  for (const key of ['acct/1/0', 'acct/8/2', 'acct/30/1', 'acct/39/0']) {
    const { entry, inclusionProof } = await client.call('VerifiableGet', provenEntry(key, 40));
    const { leaf, width, terms } = inclusionProof as Vectors['entries'][number]['inclusion'];
    const inclusion = { leaf, width, terms };
    entries.push({ tx: entry.tx, key: entry.key, value: entry.value, inclusion });
  }
  const transactions = txs.map(({ header, entries: read }) => ({ header, entries: [...read] }));
  const { publicKey } = immudb.options;
  return { publicKey, db: immudb.options.database, transactions, states, proofs, entries };
}

let vectors: Vectors;
beforeAll(async () => {
  immudb = await startImmudb();
  client = immudbClient(immudb.options);
  vectors = await collect();
  // Fewer pairs than are tested here: the file is for tests without a server.
  const some = vectors.proofs.filter(({ source, target }) => (source * 41 + target) % 23 === 0);
  if (process.env['WRITE_VECTORS'] === 'yes') writeVectors({ ...vectors, proofs: some });
}, BUILD_MS_MAX);
afterAll(async () => {
  await client.close();
  await immudb.stop();
});

describe('given a log of a real immudb', () => {
  const stateAt = (txId: number) => vectors.states[txId - 1]!;

  test('then its transactions make up the hashes that it signs, one after the other', () => {
    const key = createPublicKey(vectors.publicKey);
    let state: WalkedState = EMPTY_LOG;
    for (const transaction of vectors.transactions) {
      const next = followTransaction(state, transaction);
      if (isFault(next)) throw new Error(next.detail);
      const { signature, ...claimed } = stateAt(next.txId);
      expect(next).toMatchObject(claimed);
      expect(signatureFault({ ...next, db: vectors.db, signature }, key)).toBeUndefined();
      state = next;
    }
    expect(state.txId).toBe(TRANSACTIONS);
  });

  test('then every pair of states is proven to be one history', () => {
    const faults = vectors.proofs.map(({ source, target, dualProof }) =>
      dualProofFault(dualProof, stateAt(source), stateAt(target)),
    );
    expect(faults).toHaveLength((TRANSACTIONS * (TRANSACTIONS + 1)) / 2);
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  test('then entries are proven against a later state', () => {
    const key = createPublicKey(vectors.publicKey);
    for (const { tx, key: name, value, inclusion } of vectors.entries) {
      const { dualProof } = vectors.proofs.find(
        ({ source, target }) => source === tx && target === TRANSACTIONS,
      )!;
      const state = { ...stateAt(TRANSACTIONS), db: vectors.db };
      const proof = { key: name.toString(), value, inclusion, dualProof, state };
      expect(entryFault(proof, key)).toBeUndefined();
    }
  });
});
