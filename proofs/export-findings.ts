import type { ExportHeader } from '../contracts/log/receipts.ts';
import { unreachable } from '../domain/ids.ts';
import { item, RIGHT_KEY, SAME_LOG, type Finding } from './findings.ts';
import type { ExportSummary } from './stream-export.ts';

/** What an export is about, in words. */
interface Words {
  readonly one: string;
  readonly many: string;
}

function wordsOf({ format, accountId }: ExportHeader): Words {
  switch (format) {
    case 'core-bank-account/1':
      return { one: 'event', many: `events of account ${accountId}` };
    case 'core-bank-refusals/1':
      return { one: 'refusal', many: `recorded REFUSALS of account ${accountId}` };
    default:
      return unreachable(format);
  }
}

/**
 * The finding about an export that was checked.
 * @param walkedTx where the walked log ended; undefined when none was given.
 */
export function exportFinding(
  header: ExportHeader,
  summary: ExportSummary,
  walkedTx: number | undefined,
): Finding {
  const words = wordsOf(header);
  const { isProven, isNot } = contentOf(summary);
  const isEmpty = header.headVersion === 0;
  const shown = isEmpty ? emptyOf(header, words) : shownOf(header, summary, words);
  return {
    isProven: true,
    lines: [
      'PROVEN, with nothing but these files and the key:',
      ...shown,
      ...isProven,
      ...(walkedTx === undefined ? [] : wholeOf(header, walkedTx, words)),
      'NOT proven:',
      ...(walkedTx === undefined ? notWalked(header, summary, words) : []),
      ...periodNotProven(header, summary, words),
      ...isNot,
      item(`anything after transaction ${header.state.txId}.`),
      item(SAME_LOG),
      item(RIGHT_KEY),
    ],
  };
}

function shownOf(header: ExportHeader, { events }: ExportSummary, words: Words): string[] {
  const { fromVersion, toVersion, from, to, state } = header;
  const isPeriod = from !== undefined || to !== undefined;
  const whole = `up to version ${toVersion}: all versions from the first one on are here.`;
  return [
    item(`${events} ${words.many}, versions ${fromVersion} to ${toVersion},`),
    `    each once and without a gap, stand in the log "${state.db}"`,
    `    as it was signed at transaction ${state.txId}.`,
    ...(isPeriod && hiddenOf(header).length === 0
      ? [item(`No ${words.one} ${spanOf(from, to)} is missing ${whole}`)]
      : []),
  ];
}

/** The versions that the export leaves out, in words. */
const hiddenOf = ({ fromVersion, toVersion, headVersion }: ExportHeader): string[] => [
  ...(fromVersion > 1 ? [versionsOf(1, fromVersion - 1)] : []),
  ...(toVersion < headVersion ? [versionsOf(toVersion + 1, headVersion)] : []),
];
const versionsOf = (first: number, last: number): string =>
  first === last ? `version ${first}` : `versions ${first} to ${last}`;

/**
 * The events around a period show that it is whole only if times never go back, and of the events
 * that are not here nobody can see that: it is the bank's word.
 */
function periodNotProven(header: ExportHeader, summary: ExportSummary, { one }: Words): string[] {
  const hidden = hiddenOf(header);
  if (hidden.length === 0) return [];
  const span = spanOf(header.from, header.to);
  return [
    item(`that every ${one} ${span} is here: ${edgesOf(summary)}, but the times of`),
    `    ${hidden.join(' and ')} cannot be seen here, and may lie in the period too. An export`,
    '    without "from" and "to" has all.',
  ];
}

const emptyOf = ({ state }: ExportHeader, { many }: Words): string[] => [
  item(`The file shows no ${many}.`),
  item(`The log "${state.db}" was signed at transaction ${state.txId}.`),
];

function wholeOf({ headVersion }: ExportHeader, walkedTx: number, { many }: Words): string[] {
  if (headVersion === 0) return [item(`The log has no ${many} up to transaction ${walkedTx}.`)];
  return [
    item(`The log has exactly versions 1 to ${headVersion} of the ${many}`),
    `    up to transaction ${walkedTx}: each once, none written over, none erased, none besides.`,
  ];
}

function notWalked({ headVersion }: ExportHeader, { ends }: ExportSummary, { many }: Words) {
  const unseen =
    headVersion === 0
      ? `that there are no ${many}:`
      : ends === 'last-event'
        ? `that version ${headVersion} is the last one, and that none was written over later:`
        : 'that none of them was written over later:';
  return [
    item(unseen),
    '    that is the bank\'s word here. "--log" with the walked log (GET /v1/audit/log) proves it.',
  ];
}

/** What the events show besides their existence, and what they do not. */
function contentOf(summary: ExportSummary): { isProven: string[]; isNot: string[] } {
  if ('addsUp' in summary) {
    if (summary.addsUp) {
      return { isProven: [item('Every balance follows from the events before it.')], isNot: [] };
    }
    const why = 'the balances: they follow from events that are not all here.';
    return { isProven: [], isNot: [item(why)] };
  }
  const { fullDays } = summary;
  const full =
    fullDays === 0
      ? []
      : [
          item(
            `what was refused later on ${fullDays} day(s) on which the records say "dayIsFull".`,
          ),
        ];
  const unrecorded = [
    item('that every refusal was recorded: an answer of the bank whose "refusalId" names a'),
    '    version that is not here convicts it; one without a "refusalId" has no record.',
    item('what a record says of the account: the event of the version that it saw does'),
    '    ("seen.version", in the export of the account).',
  ];
  return { isProven: [], isNot: [...full, ...unrecorded] };
}

const spanOf = (from: string | undefined, to: string | undefined): string =>
  [from && `since ${from}`, to && `before ${to}`]
    .filter((part) => part !== undefined)
    .join(' and ');

function edgesOf({ begins, ends }: ExportSummary): string {
  const left = begins === 'first-event' ? 'the first one of all' : 'one before that';
  const right = ends === 'last-event' ? 'the last one' : 'one after it';
  return `${left} and ${right} are shown`;
}
