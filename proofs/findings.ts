import type { ConsistencyDocument, ReceiptDocument } from '../contracts/log/receipts.ts';
import type { ProofFault } from './proof-fault.ts';

/** The result of a check, in words. Every sentence states something that was computed here. */
export interface Finding {
  readonly isProven: boolean;
  readonly lines: readonly string[];
}

/** Whatever breaks lines, moves the cursor or turns the writing around. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A line as it may be shown: otherwise a document could add sentences of its own to ours. */
export const printable = (line: string): string =>
  line.replace(UNPRINTABLE, (found) => `\\u{${found.codePointAt(0)!.toString(16)}}`);

/** The text of a finding for a terminal. */
export const printed = ({ lines }: Finding): string => lines.map(printable).join('\n');

/** A sentence of a list. */
export const item = (sentence: string): string => `  - ${sentence}`;
const clock = (seconds: number): string => new Date(seconds * 1_000).toISOString();

/** What no proof of one log can show. */
export const SAME_LOG =
  'that the bank shows everybody the same log: compare the state with what others got, and ' +
  'with what it published.';
const SAME_HISTORY = [
  item('that anyone who walks the log meets the same event in it: what is signed here is the'),
  '    Merkle tree, and a bank may sign it alongside another chain. "--log" with the walked log',
  '    proves it.',
];
/** What no signature can show. */
export const RIGHT_KEY =
  "that the key is the bank's: compare it with what the bank published elsewhere.";

/** The finding about a fault. */
export const refused = ({ fault, detail }: ProofFault): Finding => ({
  isProven: false,
  lines: [`NOT PROVEN (${fault}). ${detail}`],
});

/** What was checked in addition to a receipt. */
export interface BesideReceipt {
  /** A newer state that was proven to continue the receipt's; undefined when none was given. */
  readonly newer?: ConsistencyDocument | undefined;
  /** Where the walked log with the same event ended; undefined when none was given. */
  readonly walkedTx?: number;
}

/** The finding about a receipt that was checked. */
export function receiptFinding(
  { event, history, inclusion, position, state }: ReceiptDocument,
  { newer, walkedTx }: BesideReceipt = {},
): Finding {
  const { id, ts } = history.source;
  const amount = amountOf(event);
  return {
    isProven: true,
    lines: [
      `PROVEN, with nothing but ${(newer ?? walkedTx) ? 'these files' : 'this file'} and the key:`,
      item(
        `Event ${event.id} (${event.type}${amount}, ${event.at}) stands in the log "${state.db}"`,
      ),
      `    exactly as in this receipt, at position ${position}: entry ${inclusion.leaf} of ` +
        `transaction ${id}, written ${clock(ts)} by the clock of the log.`,
      item(
        `The holder of the key signed the log as it was at transaction ${state.txId}, with this`,
      ),
      '    event in it. It cannot be taken out or changed without breaking that signature.',
      ...laterOf(newer),
      ...metOf(walkedTx),
      'NOT proven by a receipt:',
      ...(walkedTx === undefined ? [...SAME_HISTORY, ...UNSEEN] : [OTHERS]),
      ...(event.version === 1
        ? []
        : [
            item(`what events 1 to ${event.version - 1} are, though this one holds their digest:`),
            '    "verify events" with the events and this receipt proves them all.',
          ]),
      ...(newer === undefined
        ? [item('anything later than that state: "--newer" with a consistency proof does.')]
        : []),
      item(SAME_LOG),
      item(RIGHT_KEY),
    ],
  };
}

const UNSEEN = [
  item('that the account has no other events, or that this one was not written over later:'),
  '    "verify account" with the walked log proves that.',
];
const OTHERS = item(
  'that the account has no other events: "verify account" with the walked log proves that.',
);

const laterOf = (newer: ConsistencyDocument | undefined): string[] =>
  newer === undefined
    ? []
    : [
        item(
          `The log as it was at transaction ${newer.to.txId}, which the bank signed too, has all ` +
            `that it had at transaction ${newer.from.txId}: nothing of it was changed or removed.`,
        ),
      ];

const metOf = (walkedTx: number | undefined): string[] =>
  walkedTx === undefined
    ? []
    : [
        item(`The walked log has the same event at the same place, and up to transaction`),
        `    ${walkedTx} it was neither written over nor erased.`,
      ];

/** The finding about events 1 to n, of which the last one has a receipt. */
export function chainFinding({ event, history, state }: ReceiptDocument): Finding {
  const { id } = history.source;
  const { stream, version } = event;
  return {
    isProven: true,
    lines: [
      'PROVEN, with nothing but these files and the key:',
      item(`The file has events 1 to ${version} of ${stream}, each once and in their order.`),
      item(`Each names the one before it by its digest, and the last one stands in the log`),
      `    "${state.db}" in transaction ${id}, as it was signed at transaction ${state.txId}.`,
      '    So none of them can be another one: a change of one changes all digests after it.',
      'NOT proven:',
      item('what the file has besides the events, such as their positions.'),
      item('that anyone who walks the log meets the same events: check the receipt with "--log".'),
      item(`that version ${version} is the last one, or that none was written over later:`),
      '    "verify account" with the walked log proves that.',
      item(SAME_LOG),
      item(RIGHT_KEY),
    ],
  };
}

function amountOf({ type, data }: ReceiptDocument['event']): string {
  if (type === 'command-refused') return refusalOf(data);
  const { amount, currency } = (data ?? {}) as { amount?: unknown; currency?: unknown };
  return typeof amount === 'string' ? ` ${amount} ${String(currency)}` : '';
}

/** What was asked for, and the rule that refused it. */
function refusalOf(data: unknown): string {
  const { command, refusal, seen } = (data ?? {}) as Record<string, Record<string, unknown>>;
  const amount = command?.['amount'];
  const money = typeof amount === 'string' ? ` ${amount} ${String(seen?.['currency'])}` : '';
  return `: ${String(command?.['type'])}${money}, ${String(refusal?.['code'])}`;
}
