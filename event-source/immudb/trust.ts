import type { KeyObject } from 'node:crypto';
import { boundedMap } from '../../platform/bounded-map.ts';
import { dualProofFault } from '../../proofs/dual-proof.ts';
import { rawBytes } from '../../proofs/entry-proof.ts';
import { sameHash } from '../../proofs/hashing.ts';
import {
  entriesRoot,
  headerHash,
  valueHash,
  type LogState,
  type TxHeader,
} from '../../proofs/log-transaction.ts';
import { faulty, type ProofFault } from '../../proofs/proof-fault.ts';
import { signatureFault, type SignedState } from '../../proofs/signed-state.ts';
import type { Alarms } from '../alarms.ts';
import { LogUnavailable, TamperError } from '../log/event-log.ts';
import { proofBetween, type SetRequest } from './wire.ts';
import type { Ask } from './client.ts';
import type { TrustedState, TrustStore } from './trust-file.ts';

export interface TrustOptions {
  readonly database: string;
  /** The bank's key; keys that come with answers are ignored. */
  readonly publicKey: KeyObject;
  readonly store: TrustStore;
}

/** Not 'the log': the audit tells of that, and what heals here must not end its alarm. */
const SUBJECT = 'the log against its trusted state';
const IN_NO_INDEX = { deleted: false, expiration: null, nonIndexable: true } as const;
/** Own writes whose hash is remembered until a signed state is looked at. */
const OWN_WRITES_MAX = 10_000;

export type ImmudbTrust = ReturnType<typeof immudbTrust>;

/**
 * Believes nothing of the log that does not continue what was believed before. The state moves
 * forward only, and only along a proof; what a write put into the log is compared with what was
 * sent. Whatever is wrong raises an alarm and a TamperError.
 */
export function immudbTrust({ database, publicKey, store }: TrustOptions, alarms: Alarms) {
  let trusted: TrustedState | undefined;
  /** What the store has of it. */
  let kept: TrustedState | undefined;
  let signed: SignedState | undefined;
  let isRead = false;
  // Hashes of transactions that this process wrote, as it computed them itself.
  const own = boundedMap<number, Buffer>(OWN_WRITES_MAX);

  const refuse = (subject: string, { fault, detail }: ProofFault): never => {
    const isOther = fault === 'rolled-back' || fault === 'forked';
    alarms.raise(isOther ? 'rolled-back' : 'tampered', subject, detail);
    throw new TamperError(subject, `is not what it was: ${detail}`);
  };

  const continued = async (
    ask: Ask,
    since: LogState | undefined,
    state: SignedState,
  ): Promise<ProofFault | undefined> => {
    const known = own.get(state.txId);
    if (known !== undefined && !sameHash(known, state.txHash)) {
      return faulty('forked', `Transaction ${state.txId} is not the one that was written here.`);
    }
    if (since === undefined) return undefined;
    if (state.txId < since.txId) {
      const detail = `It ends at transaction ${state.txId}, but had ${since.txId} already.`;
      return faulty('rolled-back', `The log was rolled back. ${detail}`);
    }
    if (state.txId === since.txId && sameHash(state.txHash, since.txHash)) return undefined;
    const { dualProof } = await ask('VerifiableTxById', proofBetween(since.txId, state.txId));
    return dualProofFault(dualProof, since, state);
  };

  const keep = async (state: TrustedState): Promise<void> => {
    await store.write(state).catch((error: unknown) => {
      const why = `the trusted state of the log cannot be kept: ${String(error)}`;
      throw new LogUnavailable(why, { cause: error });
    });
    kept = state;
  };

  /** Looks at the state that the server signs now, and believes it when it is proven. */
  const verify = async (ask: Ask): Promise<void> => {
    if (!isRead) kept = trusted = await store.read();
    isRead = true;
    if (trusted !== undefined && trusted.db !== database) {
      throw new Error(`The trusted state is that of "${trusted.db}", not of "${database}".`);
    }
    let since = trusted;
    const { txId, txHash, signature } = await ask('CurrentState', {});
    if (txId === 0 && since === undefined) return;
    const bytes = signature?.signature ?? Buffer.alloc(0);
    const state = { db: database, txId, txHash, signature: bytes };
    for (;;) {
      const found = signatureFault(state, publicKey) ?? (await continued(ask, since, state));
      if (found !== undefined) refuse(SUBJECT, found);
      for (const kind of ['tampered', 'rolled-back'] as const) alarms.lower(kind, SUBJECT);
      if (trusted === since) break;
      // Another look was faster. If it saw as much, the next one continues from there; one that saw
      // less began before this one, and does not stand for what was in the log when this began.
      since = trusted;
      if (since === undefined || since.txId >= txId) return;
    }
    signed = state;
    if (txId !== since?.txId) {
      const firstContact = since?.firstContact ?? { txId, at: new Date().toISOString() };
      trusted = { db: database, txId, txHash, firstContact };
    }
    // Also what could not be kept before: a log that rests would else never be kept to its end.
    if (trusted !== kept) await keep(trusted!);
  };

  return {
    verify,
    /** What the entries of a write must hash to. */
    rootOf: ({ KVs }: SetRequest): Buffer =>
      entriesRoot(
        KVs.map(({ key, value, metadata }) => ({
          key: rawBytes(key),
          hValue: valueHash(rawBytes(value)),
          metadata: metadata === undefined ? null : IN_NO_INDEX,
        })),
      ),
    /** What a write put into the log must be what was sent; its place and hash are remembered. */
    wrote(header: TxHeader, { KVs }: SetRequest, root: Buffer): void {
      const { id, prevAlh, nentries } = header;
      const subject = `transaction ${id}`;
      if (nentries !== KVs.length || !sameHash(root, header.eH)) {
        refuse(
          subject,
          faulty('entry-differs', `Transaction ${id} has not what was written into it.`),
        );
      }
      const hash = headerHash(header);
      // The beat may see a write before its answer is here, and then trusts that very one.
      const isTrusted = trusted?.txId === id && sameHash(trusted.txHash, hash);
      if (id <= (trusted?.txId ?? 0) && !isTrusted) {
        const detail = `A write became transaction ${id}, but ${trusted?.txId} was there already.`;
        refuse(subject, faulty('rolled-back', detail));
      }
      const before = own.get(id - 1);
      if (before !== undefined && !sameHash(prevAlh, before)) {
        const detail = `Transaction ${id} does not continue ${id - 1} as it was written.`;
        refuse(subject, faulty('forked', detail));
      }
      own.set(id, hash);
    },
    /** The last state that was proven, with the server's signature. */
    signed: (): SignedState | undefined => signed,
    /** The same as it is kept, with the first contact. */
    trusted: (): TrustedState | undefined => trusted,
  };
}
