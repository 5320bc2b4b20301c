import { generateKeyPairSync, sign } from 'node:crypto';
import type { LogState, TxHeader } from '../../proofs/log-transaction.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { statePayload } from '../../proofs/signed-state.ts';
import { hashedLog } from '../audit/hashed-log-for-tests.ts';
import { checkImmudb } from './check.ts';
import type { ImmudbClient } from './client.ts';

const TRANSACTIONS = 5;
const database = 'corebank';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/** A server that has a log of that name, and signs it; one header may be another one. */
function serverWith(name: string, third: Partial<TxHeader> = {}) {
  const log = hashedLog();
  const txs = Array.from({ length: TRANSACTIONS }, (_, at) =>
    log.forge(at === 2 ? third : {}, { key: `meta/${at}`, value: Buffer.from(name) }),
  );
  const state = log.state();
  const signature = { signature: sign('sha256', statePayload(database, state), privateKey) };
  const answers: Record<string, object> = {
    CurrentState: { ...state, signature },
    TxScan: { txs },
  };
  const client = { call: (call: string) => Promise.resolve(answers[call]) };
  return { state, client: client as unknown as ImmudbClient };
}
const checked = (client: ImmudbClient, mustHave: readonly LogState[]) =>
  checkImmudb(client, { database, publicKey, mustHave, progress: () => undefined });

const sound = serverWith('sound');
const forged = serverWith('forged');

test('given a log that continues what was seen, then it is read to its signed end', async () => {
  expect(await checked(sound.client, [sound.state])).toMatchObject({
    entries: TRANSACTIONS,
    state: { txId: TRANSACTIONS },
  });
});

test('given a signed log that ends where another was seen to end, then it is refused', async () => {
  for (const mustHave of [[sound.state], [forged.state, sound.state]]) {
    const found = await checked(forged.client, mustHave);
    expect(isFault(found) && found.detail).toMatch(/Transaction 5 is not the one that was seen/);
  }
});

test('given a signed log with the tree of another history, then it is refused', async () => {
  const tree = { blRoot: Buffer.alloc(32, 7) };
  const found = await checked(serverWith('forged', tree).client, []);
  expect(found).toMatchObject({ fault: 'two-histories' });
  expect(isFault(found) && found.detail).toMatch(/The Merkle tree in transaction 3 has other/);
  const smaller = await checked(serverWith('forged', { blTxId: 1 }).client, []);
  expect(isFault(smaller) && smaller.detail).toMatch(/is of 1 transactions, not of the 2 before/);
});
