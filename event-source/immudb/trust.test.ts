import { generateKeyPairSync, sign } from 'node:crypto';
import { createLogger } from '../../platform/logger.ts';
import type { TxHeader } from '../../proofs/log-transaction.ts';
import { readPublicKey, statePayload } from '../../proofs/signed-state.ts';
import { readHistory } from '../../proofs/proof-documents.ts';
import { logOf } from '../../proofs/small-log-for-tests.ts';
import { readVectors } from '../../proofs/vectors-for-tests.ts';
import { alarmBook, type Alarms } from '../alarms.ts';
import { LogUnavailable, TamperError } from '../log/event-log.ts';
import type { Ask } from './client.ts';
import type { SetRequest, VerifiableTxRequest } from './wire.ts';
import { immudbTrust, type ImmudbTrust } from './trust.ts';
import { memoryTrustStore, type TrustedState, type TrustStore } from './trust-file.ts';

const { states, proofs, transactions, publicKey, db } = readVectors();
const silent = createLogger('test', 'error');
silent.silent = true;
const firstContact = { txId: 1, at: '2026-11-21T00:00:00.000Z' };
const at = (txId: number) => states[txId - 1]!;
const trustedAt = (txId: number): TrustedState => {
  const { txHash } = at(txId);
  return { db, txId, txHash, firstContact };
};
// A pair that the vectors have a proof of.
const { source, target, dualProof } = proofs.find(
  (one) => one.source > 5 && one.target - one.source > 10,
)!;

interface Server {
  readonly txId: number;
  readonly txHash: Buffer;
  readonly signature: Buffer | null;
}
/** What a server answers that shows this state. */
const serverAt = (state: Server): Ask => {
  const answers: Record<string, object> = {
    CurrentState: { ...state, db, signature: state.signature && { signature: state.signature } },
    VerifiableTxById: { dualProof },
  };
  return ((name: string) => Promise.resolve(answers[name])) as unknown as Ask;
};

let alarms: Alarms;
beforeEach(() => {
  alarms = alarmBook(silent);
});
const trustOf = (kept?: TrustedState, key = publicKey) => {
  const store = memoryTrustStore(kept);
  const options = { database: db, publicKey: readPublicKey(key), store };
  return { ...immudbTrust(options, alarms), store };
};
const write = (
  trust: Pick<ImmudbTrust, 'rootOf' | 'wrote'>,
  header: TxHeader,
  request: SetRequest,
): void => trust.wrote(header, request, trust.rootOf(request));
const subjects = (): string[] => alarms.list().map(({ subject }) => subject);

describe('given a state that is trusted', () => {
  test('when the server continues it, then the newer one is trusted and kept', async () => {
    const trust = trustOf(trustedAt(source));
    await trust.verify(serverAt(at(target)));
    expect(trust.trusted()).toEqual(trustedAt(target));
    expect(await trust.store.read()).toEqual(trustedAt(target));
    expect(trust.signed()).toMatchObject({ ...at(target), db });
    expect(alarms.list()).toEqual([]);
  });

  test('when the server shows the same, then it stays', async () => {
    const trust = trustOf(trustedAt(source));
    await trust.verify(serverAt(at(source)));
    expect(trust.trusted()).toEqual(trustedAt(source));
  });

  test('when a look overtakes one that saw more, then the newer state is trusted too', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const entry = { key: Buffer.from('k'), value: Buffer.from('v') };
    const log = logOf(Array.from({ length: 9 }, () => [entry]));
    /** Shows the log as it was at a transaction, and proves it after a while. */
    const server =
      (txId: number, proves: Promise<void>): Ask =>
      async (name, asked) => {
        const state = log.state(txId);
        const signature = sign('sha256', statePayload(db, state), pair.privateKey);
        if (name === 'CurrentState') return { ...state, db, signature: { signature } } as never;
        await proves;
        const { proveSinceTx } = asked as VerifiableTxRequest;
        return { dualProof: readHistory(log.history(proveSinceTx, txId)) } as never;
      };
    const pem = String(pair.publicKey.export({ type: 'spki', format: 'pem' }));
    const trust = trustOf({ ...log.state(3), db, firstContact }, pem);
    let overtaken: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (overtaken = resolve));
    const look = trust.verify(server(8, waiting));
    await trust.verify(server(6, Promise.resolve()));
    overtaken();
    await look;
    expect(trust.signed()?.txId).toBe(8);
    expect((await trust.store.read())?.txId).toBe(8);
  });

  test('when it cannot be kept, then a later look keeps it, though the log rests', async () => {
    const store = memoryTrustStore(trustedAt(source));
    let isFull = true;
    const full: TrustStore = {
      read: store.read,
      write: (state) => (isFull ? Promise.reject(new Error('ENOSPC')) : store.write(state)),
    };
    const options = { database: db, publicKey: readPublicKey(publicKey), store: full };
    const { verify } = immudbTrust(options, alarms);
    await expect(verify(serverAt(at(target)))).rejects.toThrow(LogUnavailable);
    isFull = false;
    await verify(serverAt(at(target)));
    expect(await store.read()).toEqual(trustedAt(target));
  });

  const reversed = (bytes: Buffer): Buffer => Buffer.from(bytes).reverse();
  test.each<[string, Server, RegExp]>([
    ['an older one', at(source - 1), /rolled back. It ends at transaction/],
    ['nothing', { ...at(1), txId: 0 }, /./],
    ['one without a signature', { ...at(target), signature: null }, /is not signed/],
    ['one with the signature of another', { ...at(target), signature: at(3).signature }, /signed/],
    ['another hash', { ...at(target), txHash: reversed(at(target).txHash) }, /signed/],
  ])('when the server shows %s, then it is refused', async (_what, shown, message) => {
    const trust = trustOf(trustedAt(source));
    await expect(trust.verify(serverAt(shown))).rejects.toThrow(TamperError);
    await expect(trust.verify(serverAt(shown))).rejects.toThrow(message);
    expect(trust.trusted()).toEqual(trustedAt(source));
    expect(await trust.store.read()).toEqual(trustedAt(source));
    expect(subjects()).toEqual(['the log against its trusted state']);
  });

  test('when a forged history is longer and rightly signed, then it is refused', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const pem = String(pair.publicKey.export({ type: 'spki', format: 'pem' }));
    const trust = trustOf({ ...trustedAt(source), txHash: reversed(at(source).txHash) }, pem);
    const forged = at(target);
    const signature = sign('sha256', statePayload(db, forged), pair.privateKey);
    const shown = serverAt({ ...forged, signature });
    await expect(trust.verify(shown)).rejects.toThrow(/another transaction \d+ than the one/);
  });

  test('when it is of another database, then nothing is asked', async () => {
    const trust = trustOf({ ...trustedAt(source), db: 'other' });
    await expect(trust.verify(serverAt(at(target)))).rejects.toThrow(/that of "other"/);
  });
});

describe('given a log that was never seen', () => {
  test('then it is believed once, and that is kept permanently', async () => {
    const trust = trustOf();
    await trust.verify(serverAt(at(source)));
    await trust.verify(serverAt(at(target)));
    expect(trust.trusted()).toMatchObject({ txId: target, firstContact: { txId: source } });
  });

  test('but not with the signature of a stranger', async () => {
    const { publicKey: other } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const trust = trustOf(undefined, String(other.export({ type: 'spki', format: 'pem' })));
    await expect(trust.verify(serverAt(at(source)))).rejects.toThrow(/holder of this key/);
  });
});

describe('given an own write', () => {
  const { header, entries } = transactions[9]!;
  const KVs = entries.map(({ key, value }) => ({
    key: key.subarray(1),
    value: value.subarray(1),
  }));
  const request = { KVs, preconditions: [] };

  test('then what it made is known', async () => {
    const trust = trustOf(trustedAt(9));
    write(trust, header, request);
    const other = { ...at(10), txHash: at(11).txHash, signature: at(11).signature };
    await expect(trust.verify(serverAt(other))).rejects.toThrow(TamperError);
    expect(alarms.count()).toBe(1);
  });

  test.each<[string, () => object, RegExp]>([
    [
      'has another value',
      () => [{ ...KVs[0]!, value: Buffer.from('x') }, ...KVs.slice(1)],
      /not what/,
    ],
    ['has an entry less', () => KVs.slice(1), /not what was written/],
    ['has another key', () => [{ ...KVs[0]!, key: Buffer.from('x') }, ...KVs.slice(1)], /not what/],
  ])('when the transaction %s, then it is refused', (_what, sent, message) => {
    const wrong = { ...request, KVs: sent() as typeof KVs };
    expect(() => write(trustOf(trustedAt(9)), header, wrong)).toThrow(message);
    expect(subjects()).toEqual(['transaction 10']);
  });

  test('when its number was there already, then it is refused', async () => {
    const trust = trustOf(trustedAt(source));
    await trust.verify(serverAt(at(target)));
    expect(() => write(trust, header, request)).toThrow(/was there already/);
  });

  test('when it was proven before its answer came, then it is fine', async () => {
    const trust = trustOf(trustedAt(header.id));
    await trust.verify(serverAt(at(header.id)));
    write(trust, header, request);
    expect(alarms.list()).toEqual([]);
  });

  test('when it does not continue the write before, then it is refused', () => {
    const trust = trustOf(trustedAt(8));
    const before = transactions[8]!;
    const sent = before.entries.map(({ key, value }) => ({
      key: key.subarray(1),
      value: value.subarray(1),
    }));
    write(trust, { ...before.header, ts: 1 }, { KVs: sent, preconditions: [] });
    expect(() => write(trust, header, request)).toThrow(/does not continue 9/);
  });
});
