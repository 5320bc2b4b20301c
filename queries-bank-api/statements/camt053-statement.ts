import { keyOf, MOVEMENTS } from '../../contracts/account/events.ts';
import type { HistoryEntry } from '../../contracts/account/read-models.ts';
import type { StatementAnswer, StatementEntry } from '../../contracts/account/statements.ts';
import type { LedgerEvent } from '../../domain/account-events.ts';
import type { Address, Holder } from './account-holder.ts';
import { dayOf } from './csv-statement.ts';

/** An element, or nothing: what is not there leaves no trace. */
export type Xml = string;

type Attributes = Readonly<Record<string, string>>;

/** An element with elements in it; one without any is left out, because ISO 20022 has none. */
function element(name: string, children: readonly Xml[], attributes: Attributes = {}): Xml {
  const content = children.join('');
  return content === '' ? '' : tagged(name, content, attributes);
}

/** An element with text in it; without text it is left out. */
function text(name: string, value: string | undefined, attributes: Attributes = {}): Xml {
  return value === undefined || value === '' ? '' : tagged(name, escaped(value), attributes);
}

function tagged(name: string, content: string, attributes: Attributes): Xml {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  return `<${name}${written.join('')}>${content}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** What XML 1.0 (chapter 2.2) does not allow at all, not even escaped, or discourages. */
const FORBIDDEN = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu;

const escaped = (value: string): string =>
  value
    .replaceAll(FORBIDDEN, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);

/**
 * ISO 20022 camt.053.001.08, Bank to Customer Statement: names, order and lengths are those of
 * the published schema. Its amounts have no sign and at most 18 digits.
 */
const NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:camt.053.001.08';
const AMOUNT_DIGITS_MAX = 18;
const REFERENCE_MAX = 35;
const ISSUER = 'core-bank';
const BANK = 'Core Bank';
const ADDRESS_LINES_MAX = 7;
const ADDRESS_LINE_MAX = 70;
/** Readers join the pieces of a text with a blank, so it is broken at one. */
const REMARK_MAX = 140;

/** Whether all amounts of the statement can be written in camt.053. */
export function fitsCamt053({ opening, closing, credits, debits, entries }: StatementAnswer) {
  const amounts = [opening.ledger, closing.ledger, credits.amount, debits.amount];
  const all = [
    ...amounts,
    ...entries.flatMap(({ amount, balanceAfter }) => [amount, balanceAfter]),
  ];
  return all.every((amount) => amount.replaceAll(/\D/g, '').length <= AMOUNT_DIGITS_MAX);
}

/** The statement as camt.053. The account has a number of the bank's own, not an IBAN. */
export function camt053Statement(statement: StatementAnswer, holder: Holder | undefined): Xml {
  const { statementId, createdAt, timeZone, from, to, opening, closing } = statement;
  const header = [text('MsgId', statementId), text('CreDtTm', createdAt)];
  const body = [
    text('Id', statementId),
    element('StmtPgntn', [text('PgNb', '1'), text('LastPgInd', 'true')]),
    text('CreDtTm', createdAt),
    // The end of the schema's period is the last moment in it.
    element('FrToDt', [text('FrDtTm', from), text('ToDtTm', lastMomentOf(to))]),
    accountOf(statement, holder),
    balanceOf('OPBD', opening.ledger, statement, dayOf(from, timeZone)),
    balanceOf('CLBD', closing.ledger, statement, dayOf(to, timeZone, -1)),
    summaryOf(statement),
    ...statement.entries.map((entry) => entryOf(entry, statement)),
    text('AddtlStmtInf', bindingOf(statement)),
  ];
  const message = element('BkToCstmrStmt', [element('GrpHdr', header), element('Stmt', body)]);
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    element('Document', [message], { xmlns: NAMESPACE }) +
    '\n'
  );
}

const lastMomentOf = (to: string): string => new Date(Date.parse(to) - 1).toISOString();

function accountOf({ accountNumber, currency }: StatementAnswer, holder: Holder | undefined): Xml {
  return element('Acct', [
    numbered(accountNumber),
    text('Ccy', currency),
    holder === undefined ? '' : ownerOf(holder),
    // Optional in ISO 20022; there are readers that take no statement without it.
    element('Svcr', [
      element('FinInstnId', [text('Nm', BANK), element('Othr', [text('Id', ISSUER)])]),
    ]),
  ]);
}

const numbered = (accountNumber: string): Xml =>
  element('Id', [
    element('Othr', [
      text('Id', accountNumber),
      element('SchmeNm', [text('Prtry', 'account number')]),
      text('Issr', ISSUER),
    ]),
  ]);

function ownerOf({ givenName, familyName, address }: Holder): Xml {
  const name = text('Nm', cut(`${givenName} ${familyName}`, 140));
  return element('Ownr', [name, address === undefined ? '' : addressOf(address)]);
}

/** The country as its code where it is one; all the rest in lines, which have room for 490. */
function addressOf({ line1, line2, city, postalCode, country }: Address): Xml {
  const isCode = /^[A-Z]{2}$/.test(country);
  const parts = [line1, line2, `${postalCode} ${city}`, isCode ? undefined : country];
  const given = parts.filter((part) => part !== undefined);
  const lines = given.flatMap((part) => wrapped(part, ADDRESS_LINE_MAX));
  const fitting =
    lines.length > ADDRESS_LINES_MAX ? pieces(given.join(' '), ADDRESS_LINE_MAX) : lines;
  return element('PstlAdr', [
    text('Ctry', isCode ? country : undefined),
    ...fitting.slice(0, ADDRESS_LINES_MAX).map((line) => text('AdrLine', line)),
  ]);
}

const directionOf = (amount: string): Xml =>
  text('CdtDbtInd', amount.startsWith('-') ? 'DBIT' : 'CRDT');
const unsigned = (amount: string): string => amount.replace('-', '');
const money = (amount: string, currency: string): Xml =>
  text('Amt', unsigned(amount), { Ccy: currency });

const balanceOf = (
  code: 'OPBD' | 'CLBD',
  ledger: string,
  { currency }: StatementAnswer,
  day: string,
): Xml =>
  element('Bal', [
    element('Tp', [element('CdOrPrtry', [text('Cd', code)])]),
    money(ledger, currency),
    directionOf(ledger),
    element('Dt', [text('Dt', day)]),
  ]);

function summaryOf({ credits, debits }: StatementAnswer): Xml {
  const sums = ({ count, amount }: typeof credits) => [
    text('NbOfNtries', String(count)),
    text('Sum', amount),
  ];
  return element('TxsSummry', [
    element('TtlNtries', [text('NbOfNtries', String(credits.count + debits.count))]),
    element('TtlCdtNtries', sums(credits)),
    element('TtlDbtNtries', sums(debits)),
  ]);
}

function entryOf(entry: StatementEntry, { accountNumber, currency }: StatementAnswer): Xml {
  const { version, direction, amount, type, reason, reverses, reversesTransferId } = entry;
  const { date, valueDate } = entry;
  const isCredit = direction === 'credit';
  const note = [
    type,
    reverses === undefined ? '' : `of version ${reverses}`,
    reversesTransferId === undefined ? '' : `reversal of transfer ${reversesTransferId}`,
    reason ?? '',
  ];
  return element('Ntry', [
    text('NtryRef', String(version)),
    money(amount, currency),
    text('CdtDbtInd', isCredit ? 'CRDT' : 'DBIT'),
    text('RvslInd', (reverses ?? reversesTransferId) === undefined ? undefined : 'true'),
    element('Sts', [text('Cd', 'BOOK')]),
    // As nearly every bank writes it: there are readers that know no other. The time stands below.
    element('BookgDt', [text('Dt', date)]),
    element('ValDt', [text('Dt', valueDate)]),
    text('AcctSvcrRef', `${accountNumber}/${version}`),
    codeOf(entry),
    element('NtryDtls', [element('TxDtls', detailsOf(entry, currency))]),
    text('AddtlNtryInf', cut(note.filter((part) => part !== '').join(' '), 500)),
  ]);
}

function detailsOf(entry: StatementEntry, currency: string): Xml[] {
  const { direction, amount, reason = '', description = '', reference = '', transferId } = entry;
  const isShort = [...reference].length <= REFERENCE_MAX;
  const remarks = [reason, description, isShort ? '' : reference].flatMap((remark) =>
    wrapped(remark, REMARK_MAX),
  );
  const key = keyOf(entry);
  const isKeyShort = key.length <= REFERENCE_MAX;
  return [
    element('Refs', [
      text('InstrId', isKeyShort ? key : undefined),
      text('EndToEndId', isShort ? reference : undefined),
      // A UUID with its hyphens is one character too long.
      text('TxId', transferId?.replaceAll('-', '')),
    ]),
    money(amount, currency),
    text('CdtDbtInd', direction === 'credit' ? 'CRDT' : 'DBIT'),
    counterpartyOf(entry),
    element(
      'RmtInf',
      remarks.map((remark) => text('Ustrd', remark)),
    ),
    element('RltdDts', [text('AccptncDtTm', entry.at)]),
    text('AddtlTxInf', isKeyShort ? undefined : `Idempotency-Key: ${key}`),
  ];
}

/** The other account of a transfer. Whose it is would be for its holder to tell. */
function counterpartyOf({ direction, otherAccountId, otherAccountNumber }: StatementEntry): Xml {
  if (otherAccountId === undefined || otherAccountNumber === undefined) return '';
  const party = direction === 'credit' ? 'Dbtr' : 'Cdtr';
  const proxy = [element('Tp', [text('Prtry', 'account id')]), text('Id', otherAccountId)];
  return element('RltdPties', [
    element(party, [element('Pty', [text('Nm', `Account ${otherAccountNumber}`)])]),
    element(`${party}Acct`, [numbered(otherAccountNumber), element('Prxy', proxy)]),
  ]);
}

/**
 * Our own code always; one of ISO's external codes only where it is certain: PMNT/ICDT/BOOK and
 * PMNT/RCDT/BOOK are transfers between accounts of one bank.
 */
function codeOf({ type }: Pick<HistoryEntry, 'type'>): Xml {
  const family = MOVEMENTS[type as LedgerEvent['type']]?.isoFamily;
  return element('BkTxCd', [
    family === undefined
      ? ''
      : element('Domn', [
          text('Cd', 'PMNT'),
          element('Fmly', [text('Cd', family), text('SubFmlyCd', 'BOOK')]),
        ]),
    element('Prtry', [text('Cd', type), text('Issr', ISSUER)]),
  ]);
}

function bindingOf({ final, log }: StatementAnswer): string {
  const { eventId, position, signedState } = log;
  const signed = ` Signed state: transaction ${signedState.txId}, hash ${signedState.txHash}.`;
  const open = final ? '' : ' The log has no later event of the account yet.';
  return cut(`Up to event ${eventId} at log position ${position}.${signed}${open}`, 500);
}

/** The text in as many lines as it needs, broken at a blank where that makes no line more. */
function wrapped(value: string, most: number): string[] {
  const characters = [...value];
  const lines = Math.ceil(characters.length / most);
  if (lines <= 1) return characters.length === 0 ? [] : [value];
  const blank = characters.lastIndexOf(' ', most);
  const isEnough = blank > 0 && characters.length - blank - 1 <= (lines - 1) * most;
  const [end, next] = isEnough ? [blank, blank + 1] : [most, most];
  const first = characters.slice(0, end).join('');
  return [first, ...wrapped(characters.slice(next).join(''), most)];
}

const pieces = (value: string, most: number): string[] => {
  const characters = [...value];
  const count = Math.ceil(characters.length / most);
  return Array.from({ length: count }, (_, at) =>
    characters.slice(at * most, (at + 1) * most).join(''),
  );
};
const cut = (value: string, most: number): string => pieces(value, most)[0] ?? '';
