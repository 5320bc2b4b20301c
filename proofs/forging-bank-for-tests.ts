import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../contracts/canonical-json.ts';
import type { ExportFormat } from '../contracts/log/receipts.ts';
import { rawBytes, encodeEvent, eventKey, positionOf } from './entry-proof.ts';
import { printed, type Finding } from './findings.ts';
import { writeHeader } from './proof-documents.ts';
import { statePayload } from './signed-state.ts';
import {
  chained,
  hashedEntry,
  logOf,
  type Forgery,
  type SmallEntry,
} from './small-log-for-tests.ts';
import { verifyAccountFile, verifyEventsFile, verifyReceiptFile } from './verify-files.ts';

/**
 * A bank that has the key and lies: it makes logs, signs them, and shows any files of them. What
 * the verifier says of the files is what a customer or an auditor would read.
 */
const ACCOUNT = '4e2b19a5-6cf7-4d9b-9d0e-0a1b2c3d4e5f';
export const OTHER = '00000000-6cf7-4d9b-9d0e-0a1b2c3d4e5f';
export const STREAM = `acct/${ACCOUNT}`;
export const LAST_VERSION = 6;
/** Transactions: genesis, versions 1 to LAST_VERSION in these groups, the end. */
const GROUPS = [[1], [2, 3], [4], [5], [6]];
export const LAST = GROUPS.length + 2;
export const transactionOf = (version: number): number =>
  GROUPS.findIndex((group) => group.includes(version)) + 2;

const signing = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
export const PUBLIC_KEY = signing.publicKey;

const dayOf = (version: number): string =>
  `2026-11-${String(version).padStart(2, '0')}T12:00:00.000Z`;
export type Event = ReturnType<typeof eventAt> & { readonly prev?: string };

/** The account is opened, and gets 1.00 on each day after that. */
export function eventAt(version: number, change: object = {}) {
  const ledger = `${version - 1}.00`;
  const balance = { ledger, held: '0.00', available: ledger };
  const opened = { currency: 'EUR', ownerId: 'jana', overdraftLimit: '0.00', balance };
  return {
    id: `${STREAM}/${version}`,
    stream: STREAM,
    version,
    schema: 1,
    at: dayOf(version),
    commandId: `c-${version}`,
    commandHash: 'h',
    type: version === 1 ? 'account-opened' : 'money-deposited',
    data: version === 1 ? opened : { amount: '1.00', currency: 'EUR', balance },
    ...change,
  };
}
/** A deposit of another amount, which adds up. */
export const depositOf = (version: number, amount: string, ledger: string): object => ({
  ...eventAt(version),
  data: { amount, currency: 'EUR', balance: { ledger, held: '0.00', available: ledger } },
});
export const entryOf = (name: string, text: string | Buffer): SmallEntry => ({
  key: rawBytes(Buffer.from(name)),
  value: rawBytes(Buffer.from(text)),
});
export const versionEntry = (event: object, index = 0, version?: number): SmallEntry => {
  const { version: own } = event as Event;
  return entryOf(eventKey(STREAM, version ?? own), encodeEvent(index, canonicalJson(event)));
};

export interface Lies extends Forgery {
  /** All events in place of the true ones; made to name each other unless told not to. */
  readonly events?: readonly object[];
  readonly unchained?: boolean;
  /** The transactions as they are written, before they are hashed and signed. */
  readonly written?: (transactions: SmallEntry[][]) => SmallEntry[][];
}

export const TRUE_EVENTS = Array.from({ length: LAST_VERSION }, (_, at) => eventAt(at + 1));

/** The files of a bank whose log is sound but for the lies. */
export function bankThat({ events = TRUE_EVENTS, unchained, written, ...forgery }: Lies = {}) {
  const all = (unchained === true ? events : chained(events)) as readonly Event[];
  const own = GROUPS.map((group) =>
    group.map((version, index) => versionEntry(all[version - 1]!, index, version)),
  );
  const honest = [[entryOf('meta/genesis', 'g')], ...own, [entryOf('meta/end', 'e')]];
  const transactions = written === undefined ? honest : written(honest);
  const log = logOf(transactions, 1, forgery);
  const last = transactions.length;

  const stateAt = (txId: number, key = signing.privateKey) => {
    const state = log.state(txId);
    const signature = sign('sha256', statePayload('corebank', state), key).toString('base64');
    return { db: 'corebank', txId, txHash: state.txHash.toString('base64'), signature };
  };
  const headerAt = (txId: number, change: object = {}) => ({
    format: 'core-bank-account/1' as ExportFormat,
    accountId: ACCOUNT,
    fromVersion: 1,
    toVersion: LAST_VERSION,
    headVersion: LAST_VERSION,
    state: stateAt(txId),
    target: writeHeader(log.header(txId)),
    ...change,
  });
  const placeOf = (version: number) => {
    const tx = transactionOf(version);
    const index = GROUPS[tx - 2]!.indexOf(version);
    const inclusion = log.inclusion(tx, index);
    return { tx, position: positionOf(tx, index), event: all[version - 1]!, inclusion };
  };
  /** What the bank shows of a version in an export that ends at the transaction. */
  const itemAt = (version: number, txId: number = last) => {
    const { tx, ...placed } = placeOf(version);
    const { inclusion, lastInclusion } = log.history(tx, txId);
    const { blTxId } = log.header(txId);
    const tree = tx < blTxId ? inclusion : tx === blTxId ? lastInclusion : [];
    return { ...placed, header: writeHeader(log.treeHeader(tx)), tree };
  };
  const receiptAt = (version: number, txId: number = last) => {
    const { tx, ...placed } = placeOf(version);
    const proven = { history: log.history(tx, txId), state: stateAt(txId) };
    return { format: 'core-bank-receipt/1', ...placed, ...proven };
  };
  const newerThan = (txId: number, to: number = last) => {
    const { txHash } = stateAt(txId);
    const proven = { from: { txId, txHash }, to: stateAt(to), history: log.history(txId, to) };
    return { format: 'core-bank-consistency/1', ...proven };
  };
  return {
    all,
    header: headerAt(last),
    get items() {
      return all.map((_event, at) => itemAt(at + 1));
    },
    headerAt,
    itemAt,
    receiptAt,
    newerThan,
    stateAt,
    strangerState: stateAt(last, stranger.privateKey),
    walked: transactions.map((entries, at) => ({
      header: writeHeader(log.header(at + 1)),
      entries: entries.map(walkedOf),
    })),
  };
}
export type Bank = ReturnType<typeof bankThat>;

function walkedOf(entry: SmallEntry) {
  const { key, hValue, metadata } = hashedEntry(entry);
  const shown = { key: text(key), hValue: text(hValue) };
  if (metadata === null) return shown;
  const { deleted, nonIndexable = false, expiration } = metadata;
  const expires = expiration === null ? {} : { expiresAt: expiration.expiresAt };
  return { ...shown, metadata: { deleted, nonIndexable, ...expires } };
}
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const FOLDER = mkdtempSync(join(tmpdir(), 'forgeries-'));
/** A file's lines, or its very bytes. */
export type Content = readonly object[] | string | Buffer;
const fileOf = (name: string, content: Content): string => {
  const isRaw = typeof content === 'string' || Buffer.isBuffer(content);
  writeFileSync(join(FOLDER, name), isRaw ? content : ndjson(content));
  return join(FOLDER, name);
};
export const ndjson = (items: readonly object[]): string =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

const quiet = (): void => undefined;
/** What the verifier prints; files have their names only, and accounts one letter. */
const said = (finding: Finding): string =>
  printed(finding).replaceAll(`${FOLDER}/`, '').replaceAll(ACCOUNT, 'A').replaceAll(OTHER, 'B');
export const ofExport = async (content: Content, log?: Content): Promise<string> => {
  const walked = log === undefined ? undefined : fileOf('log', log);
  return said(await verifyAccountFile(fileOf('export', content), PUBLIC_KEY, walked, quiet));
};
export const ofReceipt = async (
  receipt: object | string,
  besides: { readonly newer?: object; readonly log?: Content } = {},
): Promise<string> => {
  const whole = typeof receipt === 'string' ? receipt : JSON.stringify(receipt);
  const newer = besides.newer && fileOf('newer', JSON.stringify(besides.newer));
  const log = besides.log && fileOf('log', besides.log);
  return said(await verifyReceiptFile(fileOf('receipt', whole), PUBLIC_KEY, { newer, log }));
};
export const ofEvents = async (events: Content, receipt: object): Promise<string> => {
  const last = fileOf('receipt', JSON.stringify(receipt));
  return said(await verifyEventsFile(fileOf('events', events), last, PUBLIC_KEY, quiet));
};
