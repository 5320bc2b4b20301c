import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { StatementAnswer } from '../../contracts/account/statements.ts';
import { ANNA, logOf } from '../log/life-for-tests.ts';
import type { Holder } from './account-holder.ts';
import { readPeriod } from './statement-reader.ts';
import { statementOf } from './statement.ts';

/** A signed state of the right shape. */
export const SIGNED = {
  db: 'corebank',
  txId: 90_000,
  signature: 'MEUC',
  txHash: Buffer.alloc(32, 7).toString('base64'),
};

/** The statement of the first three days of October. */
export async function statementFor(events: LoggedEvent[]): Promise<StatementAnswer> {
  const ms = (day: string) => Date.parse(`${day}T00:00:00Z`);
  const period = { from: { ms: ms('2026-10-01') }, to: { ms: ms('2026-10-04') } };
  return statementOf(await readPeriod(logOf(events), ANNA, period, 100, ms('2026-12-01')), SIGNED);
}

export const HOLDER: Holder = {
  givenName: 'Žofie',
  familyName: 'Dvořáková <&> Příšerná',
  address: { line1: 'Nádražní 12', city: 'Ústí nad Labem', postalCode: '400 01', country: 'CZ' },
};

/** Descriptions that mean something to a spreadsheet, to XML or to anyone who draws letters. */
// prettier-ignore
export const HOSTILE: readonly string[] = [
  '=1+1', '+1', '-1+2', '@SUM(A1)', ' =1+1', '＝1+1', '=HYPERLINK("http://x","y")', "=cmd|'/C x'!A1",
  'a,b', 'a"b', '"', '""', ',,', ';', "'", '-', '|calc', '%0A', '</Ustrd><Ntry>', ']]>', '<!--',
  '&amp;',   '&#0;', '<?xml?>', '<![CDATA[', '\u2028',
  '\u202egnp.exe', '\u200b', '\ufffe', '\uffff', '\ufeff=1',
  '😀', 'Příliš žluťoučký kůň', 'x'.repeat(200), '😀'.repeat(100), '你好', 'مرحبا', '\u00a0', ' ', '\\',
];
