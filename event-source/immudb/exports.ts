import { streamOf } from '../../contracts/account/events.ts';
import { millisecondsOf } from '../../contracts/account/history-filters.ts';
import type { LogProofs, Period } from '../../contracts/log/log-proofs.ts';
import {
  KIND_OF_EXPORT,
  type ExportedEvent,
  type ExportFormat,
  type ExportHeader,
  type WalkedTransaction,
} from '../../contracts/log/receipts.ts';
import type { AccountId, StreamId } from '../../domain/ids.ts';
import { inParallel } from '../../platform/parallel.ts';
import { sameHash } from '../../proofs/hashing.ts';
import { headerHash } from '../../proofs/log-transaction.ts';
import { transactionOf, eventKey, positionOf } from '../../proofs/entry-proof.ts';
import * as documents from '../../proofs/proof-documents.ts';
import { missing, TamperError } from '../log/event-log.ts';
import {
  digestsFrom,
  proofBetween,
  type TxEntry,
  type VerifiableEntry,
  decodeEvent,
} from './wire.ts';
import type { ImmudbLog } from './log.ts';
import type { immudbReceipts } from './receipts.ts';
import { lastUntil } from '../log/version-at-time.ts';

const PROOFS_IN_FLIGHT_MAX = 8;
const WALK_TXS = 100;
const WALK_ENTRIES_MAX = 8_000;

type Receipts = ReturnType<typeof immudbReceipts>;

/** Exports a whole account, or the whole log, with what is needed to check it without the bank. */
export function immudbExports(
  log: Pick<ImmudbLog, 'ask' | 'latestVersions' | 'readVersions'>,
  { proven, newestState }: Receipts,
): Pick<LogProofs, 'exportHeader' | 'exported' | 'walk'> {
  const { ask, latestVersions } = log;
  /** The last version of a stream before a time, 0 when there is none. */
  const lastBefore = async (stream: StreamId, time: string): Promise<number> => {
    const { entry } = await lastUntil(log, stream, millisecondsOf(time) - 1);
    if (entry === undefined) return 0;
    return (JSON.parse(entry.json.toString()) as { version: number }).version;
  };

  /**
   * The stream's last version in a state that was read after the latest: what came between the two
   * is in the state, and the export would not be what the walked log has.
   */
  const latestIn = async (stream: StreamId, seen: number, txId: number): Promise<number> => {
    const [now = 0] = await latestVersions([stream]);
    const since = Array.from({ length: now - seen }, (_, index) => seen + 1 + index);
    const came = since.length === 0 ? [] : await log.readVersions(stream, since);
    return seen + came.filter(({ position }) => transactionOf(position) <= txId).length;
  };

  return {
    async exportHeader(stream: StreamId, period: Period): Promise<ExportHeader | undefined> {
      const about = exportedAccount(stream);
      if (about === undefined) return undefined;
      const { format, accountId } = about;
      const [seen = 0, opened = 0] = await latestVersions([stream, streamOf(accountId)]);
      if (opened === 0) return undefined;
      const state = await newestState();
      const latest = await latestIn(stream, seen, state.txId);
      const { from, to } = period;
      // Events that came after the state are no part of it.
      const before = from === undefined ? 0 : Math.min(latest, await lastBefore(stream, from));
      const end = to === undefined ? latest : (await lastBefore(stream, to)) + 1;
      const { dualProof } = await ask('VerifiableTxById', proofBetween(state.txId, state.txId));
      const target = dualProof.targetTxHeader;
      if (!sameHash(headerHash(target), state.txHash)) {
        throw new TamperError('the log', `shows another transaction ${state.txId} than it signed`);
      }
      return {
        format,
        accountId,
        // One before the period and one after it, where there are any.
        fromVersion: Math.max(1, before),
        toVersion: Math.min(latest, Math.max(end, before)),
        headVersion: latest,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        state: documents.writeSignedState(state),
        target: documents.writeHeader(target),
      };
    },

    async exported(stream: StreamId, from: number, limit: number, at: number) {
      const found = new Map<number, ExportedEvent>();
      const versions = Array.from({ length: limit }, (_, index) => from + index);
      await inParallel(versions, PROOFS_IN_FLIGHT_MAX, async (version) => {
        const entry = await proven(eventKey(stream, version), at);
        if (entry !== undefined && entry.entry.tx <= at) found.set(version, exportedOf(entry));
      });
      const items = versions.map((version) => found.get(version));
      const end = items.indexOf(undefined);
      const given = end === -1 ? items : items.slice(0, end);
      if (found.size > given.length || given.length === 0) {
        throw missing(eventKey(stream, from + given.length));
      }
      return given as ExportedEvent[];
    },

    async walk(fromTx: number): Promise<WalkedTransaction[]> {
      const { txs } = await ask('TxScan', digestsFrom(fromTx, WALK_TXS));
      let entries = 0;
      const page = txs.filter((tx, index) => {
        entries += tx.entries.length;
        return index === 0 || entries <= WALK_ENTRIES_MAX;
      });
      return page.map(({ header, entries: read }) => ({
        header: documents.writeHeader(header),
        entries: read.map(walkedOf),
      }));
    },
  };
}

/** The account that a stream is about, and the format of its export; persons have none. */
function exportedAccount(stream: StreamId) {
  const [kind, id] = stream.split('/') as [string, AccountId];
  const formats = Object.keys(KIND_OF_EXPORT) as ExportFormat[];
  const format = formats.find((one) => KIND_OF_EXPORT[one] === kind);
  return format === undefined ? undefined : { format, accountId: id };
}

function exportedOf({ entry, inclusionProof, verifiableTx }: VerifiableEntry): ExportedEvent {
  const { leaf, width, terms } = inclusionProof;
  const { dualProof } = verifiableTx;
  const { blTxId } = dualProof.targetTxHeader;
  const isLast = entry.tx === blTxId;
  const inTree = isLast ? dualProof.lastInclusionProof : dualProof.inclusionProof;
  return {
    position: positionOf(entry.tx, leaf),
    event: JSON.parse(decodeEvent(entry.value)!.json.toString()) as ExportedEvent['event'],
    inclusion: documents.writeInclusion({ leaf, width, terms }),
    header: documents.writeHeader(dualProof.sourceTxHeader),
    tree: (entry.tx > blTxId ? [] : inTree).map((term) => Buffer.from(term).toString('base64')),
  };
}

function walkedOf({ key, hValue, metadata }: TxEntry): WalkedTransaction['entries'][number] {
  const entry = { key: key.toString('base64'), hValue: hValue.toString('base64') };
  if (metadata === null) return entry;
  const { deleted, expiration, nonIndexable = false } = metadata;
  const expires = expiration === null ? {} : { expiresAt: expiration.expiresAt };
  return { ...entry, metadata: { deleted, nonIndexable, ...expires } };
}
