/**
 * The part of the schema camt.053.001.08 that a statement of ours uses: for each type its elements
 * in order, each with its type. "?" may be missing, "+" is there once or more, "*" any number of
 * times, "|" begins one of several alternatives.
 */
const TYPES: Readonly<Record<string, string>> = {
  Document: 'BkToCstmrStmt:Message',
  Message: 'GrpHdr:Header Stmt+:Statement',
  Header: 'MsgId:Max35 CreDtTm:DateTime',
  Statement:
    'Id:Max35 StmtPgntn?:Pagination CreDtTm?:DateTime FrToDt?:Period Acct:Account Bal+:Balance ' +
    'TxsSummry?:Totals Ntry*:Entry AddtlStmtInf?:Max500',
  Pagination: 'PgNb:Digits5 LastPgInd:Boolean',
  Period: 'FrDtTm:DateTime ToDtTm:DateTime',
  Account: 'Id:AccountId Ccy?:Currency Nm?:Max70 Prxy?:Proxy Ownr?:Party Svcr?:Servicer',
  Proxy: 'Tp?:Scheme Id:Max2048',
  Servicer: 'FinInstnId:Institution',
  Institution: 'Nm?:Max140 Othr?:GenericId',
  AccountId: '|IBAN:Iban |Othr:GenericId',
  GenericId: 'Id:Max34 SchmeNm?:Scheme Issr?:Max35',
  Scheme: '|Cd:Max4 |Prtry:Max35',
  Party: 'Nm?:Max140 PstlAdr?:Address',
  Address: 'PstCd?:Max16 TwnNm?:Max35 Ctry?:Country AdrLine*:Max70',
  Balance: 'Tp:BalanceType Amt:Money CdtDbtInd:Direction Dt:DateChoice',
  BalanceType: 'CdOrPrtry:BalanceCode',
  BalanceCode: '|Cd:Max4 |Prtry:Max35',
  DateChoice: '|Dt:Date |DtTm:DateTime',
  Totals: 'TtlNtries?:Total TtlCdtNtries?:Total TtlDbtNtries?:Total',
  Total: 'NbOfNtries?:Digits15 Sum?:Decimal',
  Entry:
    'NtryRef?:Max35 Amt:Money CdtDbtInd:Direction RvslInd?:Boolean Sts:Scheme ' +
    'BookgDt?:DateChoice ValDt?:DateChoice AcctSvcrRef?:Max35 ' +
    'BkTxCd:Code NtryDtls*:Details AddtlNtryInf?:Max500',
  Code: 'Domn?:Domain Prtry?:OwnCode',
  Domain: 'Cd:Max4 Fmly:Family',
  Family: 'Cd:Max4 SubFmlyCd:Max4',
  OwnCode: 'Cd:Max35 Issr?:Max35',
  Details: 'TxDtls*:Transaction',
  Transaction:
    'Refs?:References Amt?:Money CdtDbtInd?:Direction RltdPties?:Parties RmtInf?:Remittance ' +
    'RltdDts?:Dates AddtlTxInf?:Max500',
  Dates: 'AccptncDtTm?:DateTime',
  References: 'AcctSvcrRef?:Max35 InstrId?:Max35 EndToEndId?:Max35 TxId?:Max35',
  Parties: 'Dbtr?:PartyChoice DbtrAcct?:Account Cdtr?:PartyChoice CdtrAcct?:Account',
  PartyChoice: 'Pty:Party',
  Remittance: 'Ustrd*:Max140',
};

const PATTERNS: Readonly<Record<string, RegExp>> = {
  DateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/,
  Date: /^\d{4}-\d\d-\d\d$/,
  Boolean: /^(?:true|false)$/,
  Direction: /^(?:CRDT|DBIT)$/,
  Currency: /^[A-Z]{3}$/,
  Country: /^[A-Z]{2}$/,
  Digits5: /^\d{1,5}$/,
  Digits15: /^\d{1,15}$/,
  Decimal: /^-?\d{1,18}(?:\.\d{1,17})?$/,
  Money: /^\d{1,18}(?:\.\d{1,5})?$/,
  Iban: /^[A-Z]{2}\d{2}[A-Za-z0-9]{1,30}$/,
};
const NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:camt.053.001.08';

export interface Node {
  readonly name: string;
  readonly path: string;
  readonly attributes: string;
  readonly children: Node[];
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** All elements of a document, from the outside in; throws where it is not well-formed. */
export function readXml(xml: string): Node[] {
  const all: Node[] = [];
  const open: Node[] = [];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '').trimEnd();
  const tokens = /<(\w+)((?: \w+="[^"<&]*")*)>|<\/(\w+)>|([^<]+)/gy;
  while (tokens.lastIndex < body.length) {
    const at = tokens.lastIndex;
    const [, opens, attributes = '', closes, text] = tokens.exec(body) ?? [];
    const parent = open.at(-1);
    if (opens !== undefined) {
      const path = `${parent?.path ?? ''}/${opens}`;
      const node = { name: opens, path, attributes, children: [], text: '' };
      parent?.children.push(node);
      all.push(node);
      open.push(node);
    } else if (closes !== undefined && parent?.name === closes) open.pop();
    else if (text !== undefined && parent !== undefined) parent.text = unescaped(text);
    else throw new Error(`not well-formed at ${body.slice(at, at + 40)}`);
  }
  if (open.length > 0) throw new Error('not closed');
  return all;
}

function unescaped(text: string): string {
  if (/\p{Cc}|\p{Cs}|[\ufffe\uffff]/u.test(text)) throw new Error('a forbidden character');
  return text.replaceAll(/&([^;]*;?)/g, (whole, name: string) => {
    const found = name.endsWith(';') ? ENTITIES[name.slice(0, -1)] : undefined;
    if (found === undefined) throw new Error(`not an entity: ${whole}`);
    return found;
  });
}

/** What is wrong with a document by the schema, and by what a statement must add up to. */
export function camt053Faults(xml: string): string[] {
  try {
    const [root] = readXml(xml);
    if (root === undefined) return ['nothing'];
    const isNamed = root.attributes === ` xmlns="${NAMESPACE}"`;
    return [...(isNamed ? [] : ['another namespace']), ...shape(root, 'Document'), ...sums(root)];
  } catch (error) {
    return [String(error)];
  }
}

function shape(node: Node, type: string): string[] {
  const wrong = (what: string) => [`${node.path}: ${what}`];
  const elements = TYPES[type];
  if (elements === undefined) return leaf(node, type);
  if (node.text !== '') return wrong('has text');
  const rules = elements.split(' ').map((rule) => /^(\|?)(\w+)([?+*]?):(\w+)$/.exec(rule) ?? []);
  const letters = node.children.map(({ name }) => `${name} `).join('');
  const isChoice = rules.every(([, bar]) => bar === '|');
  const parts = rules.map(([, , name, often]) => `(?:${name} )${often}`);
  const pattern = new RegExp(`^(?:${parts.join(isChoice ? '|' : '')})$`);
  if (!pattern.test(letters)) return wrong(`has ${letters}instead of ${elements}`);
  if (node.children.length === 0) return wrong('is empty');
  if (type === 'Address' && node.children.filter(({ name }) => name === 'AdrLine').length > 7) {
    return wrong('has more than seven lines');
  }
  return node.children.flatMap((child) => {
    const [, , , , of = ''] = rules.find(([, , name]) => name === child.name) ?? [];
    return shape(child, of);
  });
}

function leaf({ path, text, children, attributes }: Node, type: string): string[] {
  const wrong = (what: string) => [`${path}: ${what}`];
  if (children.length > 0) return wrong('has elements');
  const isMoney = type === 'Money';
  if (isMoney !== /^ Ccy="[A-Z]{3}"$/.test(attributes)) return wrong('has a wrong currency');
  const most = /^Max(\d+)$/.exec(type)?.[1];
  if (most !== undefined) {
    const length = [...text].length;
    return length >= 1 && length <= Number(most) ? [] : wrong(`has ${length} characters`);
  }
  if (PATTERNS[type]?.test(text) !== true) return wrong(`${text} is no ${type}`);
  const isTime = type === 'Date' || type === 'DateTime';
  return isTime && Number.isNaN(Date.parse(text)) ? wrong(`${text} is no time`) : [];
}

/** OPBD and CLBD once each; opening + credits - debits = closing. */
function sums(root: Node): string[] {
  const statement = root.children[0]?.children.find(({ name }) => name === 'Stmt');
  const signed = ({ children }: Node): bigint => {
    const of = (wanted: string) => children.find(({ name }) => name === wanted)?.text ?? '';
    const [whole = '', fraction = ''] = of('Amt').split('.');
    const units = BigInt(whole + fraction.padEnd(5, '0'));
    return of('CdtDbtInd') === 'DBIT' ? -units : units;
  };
  const all = (name: string) => statement?.children.filter((child) => child.name === name) ?? [];
  const codeOf = (balance: Node) => balance.children[0]?.children[0]?.children[0]?.text;
  const [opening, closing] = all('Bal');
  if (all('Bal').map(codeOf).join() !== 'OPBD,CLBD') return ['not one OPBD and one CLBD'];
  const entries = all('Ntry').reduce((total, entry) => total + signed(entry), 0n);
  return signed(opening as Node) + entries === signed(closing as Node) ? [] : ['does not add up'];
}
