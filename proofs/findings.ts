import type { ConsistencyDocument, ExportHead, ReceiptDocument } from '../contracts/receipts.ts';
import type { ExportSummary } from './account-export.ts';
import type { ProofFault } from './proof-fault.ts';

/** What a check found, in words. Every sentence says something that was computed here. */
export interface Finding {
  readonly isProven: boolean;
  readonly lines: readonly string[];
}

const item = (sentence: string): string => `  - ${sentence}`;
const clock = (seconds: number): string => new Date(seconds * 1_000).toISOString();

const SAME_LOG =
  'that the bank shows everybody the same log: compare the state with what others got, and ' +
  'with what it published.';
const RIGHT_KEY = "that the key is the bank's: compare it with what the bank published elsewhere.";

export const refused = ({ fault, detail }: ProofFault): Finding => ({
  isProven: false,
  lines: [`NOT PROVEN (${fault}). ${detail}`],
});

/** A receipt, and the newer state that was shown to continue its state, if any. */
export function receiptFinding(
  { event, history, inclusion, position, state }: ReceiptDocument,
  newer?: ConsistencyDocument,
): Finding {
  const { id, ts } = history.source;
  const amount = amountOf(event);
  const later =
    newer === undefined
      ? []
      : [
          `The log as it was at transaction ${newer.to.txId}, which the bank signed too, has all ` +
            `that it had at transaction ${newer.from.txId}: nothing of it was changed or removed.`,
        ];
  return {
    isProven: true,
    lines: [
      'PROVEN, with nothing but this file and the key:',
      item(
        `Event ${event.id} (${event.type}${amount}, ${event.at}) stands in the log "${state.db}"`,
      ),
      `    exactly as in this receipt, at position ${position}: entry ${inclusion.leaf} of ` +
        `transaction ${id}, written ${clock(ts)} by the clock of the log.`,
      item(
        `The holder of the key signed the log as it was at transaction ${state.txId}, with this`,
      ),
      '    event in it. It cannot be taken out or changed without breaking that signature.',
      ...later.map(item),
      'NOT proven by a receipt:',
      item('that the account has no other events, or that this one was not written over later:'),
      '    "verify account" with the walked log proves that.',
      ...(newer === undefined
        ? [item('anything later than that state: "--newer" with a consistency proof does.')]
        : []),
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

/** An exported account; `walkedTx` is where the walked log ended, when there was one. */
export function accountFinding(
  { accountId, fromVersion, toVersion, headVersion, from, to, state }: ExportHead,
  { events, addsUp, begins, ends }: ExportSummary,
  walkedTx: number | undefined,
): Finding {
  const period =
    from === undefined && to === undefined
      ? []
      : [item(`No event ${spanOf(from, to)} is missing: ${edgesOf(begins, ends)}.`)];
  const whole =
    walkedTx === undefined
      ? []
      : [
          item(
            `The log has exactly versions 1 to ${headVersion} of this account up to transaction`,
          ),
          `    ${walkedTx}: each once, none written over, none erased, none beside.`,
        ];
  const unseen =
    ends === 'head'
      ? `that version ${headVersion} is the last one, and that none was written over later:`
      : 'that none of them was written over later:';
  const notWalked = [
    item(unseen),
    '    that is the bank\'s word here. "--log" with the walked log (GET /v1/audit/log) proves it.',
  ];
  return {
    isProven: true,
    lines: [
      'PROVEN, with nothing but these files and the key:',
      item(`${events} events of account ${accountId}, versions ${fromVersion} to ${toVersion},`),
      `    each once and without a gap, stand in the log "${state.db}"`,
      `    as it was signed at transaction ${state.txId}.`,
      ...(addsUp ? [item('Every balance follows from the events before it.')] : []),
      ...period,
      ...whole,
      'NOT proven:',
      ...(walkedTx === undefined ? notWalked : []),
      ...(addsUp ? [] : [item('the balances: they follow from events that are not all here.')]),
      item(`anything after transaction ${state.txId}.`),
      item(SAME_LOG),
      item(RIGHT_KEY),
    ],
  };
}

const spanOf = (from: string | undefined, to: string | undefined): string =>
  [from && `since ${from}`, to && `before ${to}`]
    .filter((part) => part !== undefined)
    .join(' and ');

function edgesOf(begins: ExportSummary['begins'], ends: ExportSummary['ends']): string {
  const left = begins === 'first-event' ? 'they begin with the first one' : 'one earlier is shown';
  const right = ends === 'head' ? 'they end with the last one (see below)' : 'one later is shown';
  return `${left}, ${right}`;
}
