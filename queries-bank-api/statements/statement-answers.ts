import type { Request, Response } from 'express';
import * as contract from '../../contracts/account/statements.ts';
import type {
  AskedBound,
  StatementAnswer,
  StatementBound,
  StatementFormat,
} from '../../contracts/account/statements.ts';
import { dayAfter, dayIn, startOfDay } from '../../domain/calendar.ts';
import { unreachable } from '../../domain/ids.ts';
import { Failure } from '../../platform/http/http.ts';
import type { Logger } from '../../platform/logger.ts';
import { transactionOf } from '../../proofs/entry-proof.ts';
import type { LogProofs } from '../../contracts/log/log-proofs.ts';
import type { SignedStateDocument } from '../../contracts/log/receipts.ts';
import type { AccountLog } from '../log/account-log.ts';
import type { PersonPorts } from '../persons/person-answers.ts';
import { Unavailable } from '../read-models/read-models.ts';
import { idParams } from '../../contracts/http/parameters.ts';
import { invalid, paramOf, queryOf } from '../../platform/http/requests.ts';
import { waited } from '../read-your-writes.ts';
import { camt053Statement, fitsCamt053 } from './camt053-statement.ts';
import { boundsOf, csvStatement } from './csv-statement.ts';
import { holders, type Holder } from './account-holder.ts';
import { pdfStatement } from './pdfkit-statement.ts';
import { readPeriod, type Period } from './statement-reader.ts';
import { statementOf, UnsoundStatement, type StatementSource } from './statement.ts';

const SIGNED_WAIT_MS = 4_000;

/** What statements need. `signedWaitMs` is milliseconds. */
export interface StatementPorts {
  readonly log: AccountLog;
  readonly proofs: Pick<LogProofs, 'state'>;
  readonly persons: PersonPorts;
  readonly logger: Logger;
  /** IANA name of the zone whose days statements have; UTC when missing. */
  readonly timeZone?: string;
  readonly now?: () => number;
  readonly signedWaitMs?: number;
}

/** Answers statements; nothing is sent before everything is read and added up. */
export function statementAnswers(ports: StatementPorts) {
  const { log, proofs, persons, logger, timeZone = 'UTC' } = ports;
  const { now = Date.now, signedWaitMs = SIGNED_WAIT_MS } = ports;
  /** A signed state with the last event of the statement in it; the log signs once a second. */
  const signedWith = async ({ events, before }: StatementSource): Promise<SignedStateDocument> => {
    const position = (events.at(-1) ?? before)?.position ?? 0;
    const state = await waited(signedWaitMs, async () => {
      const found = await proofs.state();
      return found.txId >= transactionOf(position) ? found : undefined;
    });
    if (state === undefined) throw new Unavailable('the log has not signed its last state yet');
    return state;
  };
  const holderOf = holders(persons);

  const made = async (request: Request, response: Response): Promise<void> => {
    const id = paramOf(request, idParams, 'id');
    const {
      from,
      to,
      format = acceptedBy(request, response),
    } = queryOf(contract.statementQuery, request);
    const nowMs = now();
    const asked = periodOf(from, to, nowMs, timeZone);
    const eventsMax = format === 'pdf' ? contract.PDF_EVENTS_MAX : contract.STATEMENT_EVENTS_MAX;
    const source = await readPeriod(log, id, asked, eventsMax, nowMs);
    const statement = statementOf(source, await signedWith(source), timeZone);
    if (format === 'camt.053' && !fitsCamt053(statement)) {
      throw invalid('query/format', 'amounts of camt.053 have at most 18 digits, here are more');
    }
    const isNamed = format === 'pdf' || format === 'camt.053';
    const holder = isNamed ? await holderOf(statement.ownerId, request) : undefined;
    const body = await written(statement, format, holder);
    const { type, ending } = FILES[format];
    const period = periodName(statement, asked);
    const name = `statement-${statement.accountNumber}-${period}.${ending}`;
    const place = format === 'json' ? 'inline' : 'attachment';
    response.set('Content-Disposition', `${place}; filename="${name}"`);
    response.set({ 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' }).send(body);
  };

  return async (request: Request, response: Response): Promise<void> => {
    try {
      await made(request, response);
    } catch (error) {
      if (!(error instanceof UnsoundStatement)) throw error;
      logger.error('a statement does not add up', { path: request.path, error: error.message });
      throw new Failure('statement-unsound', {}, {}, { cause: error });
    }
  };
}

/** The period that was asked for, up to now: of the future nothing can be stated. */
function periodOf(asked: AskedBound, until: AskedBound, nowMs: number, timeZone: string): Period {
  const moment = (bound: AskedBound, isEnd: boolean): StatementBound =>
    'day' in bound
      ? { ms: Math.max(0, startOfDay(timeZone, isEnd ? dayAfter(bound.day) : bound.day)) }
      : bound;
  const [from, to] = [moment(asked, false), moment(until, true)];
  const isBackwards =
    'version' in to
      ? to.version <= ('version' in from ? from.version : 1)
      : 'ms' in from && from.ms >= to.ms;
  if (isBackwards) throw invalid('query/to', 'must be after "from"');
  if ('ms' in from && from.ms >= nowMs) throw invalid('query/from', 'must not be in the future');
  if ('version' in to) return { from, to };
  const endOfToday = startOfDay(timeZone, dayAfter(dayIn(timeZone, nowMs)));
  if (to.ms > endOfToday) throw invalid('query/to', `must not be after today (${timeZone})`);
  return { from, to: { ms: Math.min(to.ms, nowMs) } };
}

/** For the name of a file: two statements of one instant differ in their versions only. */
function periodName(statement: StatementAnswer, { from, to }: Period): string {
  if ('version' in from || 'version' in to) {
    return `v${statement.opening.version + 1}-to-v${statement.closing.version}`;
  }
  // Colons are not for names of files.
  return boundsOf(statement).join('-to-').replaceAll(':', '');
}

const FILES: Readonly<Record<StatementFormat, { type: string; ending: string }>> = {
  json: { type: 'application/json; charset=utf-8', ending: 'json' },
  csv: { type: 'text/csv; charset=utf-8; header=present', ending: 'csv' },
  'camt.053': { type: 'application/xml; charset=utf-8', ending: 'xml' },
  pdf: { type: 'application/pdf', ending: 'pdf' },
};

/** By the type, which is how Accept names them. */
const FORMATS = new Map(
  Object.entries(FILES).map(([format, { type }]) => [
    type.replace(/;.*/, ''),
    format as StatementFormat,
  ]),
);

/** The format that the client likes best, when the query names none; JSON for any other wish. */
function acceptedBy(request: Request, response: Response): StatementFormat {
  response.vary('Accept');
  const liked = request.accepts([...FORMATS.keys()]);
  return (liked !== false && FORMATS.get(liked)) || 'json';
}

async function written(
  statement: StatementAnswer,
  format: StatementFormat,
  holder: Holder | undefined,
): Promise<string | Buffer> {
  switch (format) {
    case 'json':
      return JSON.stringify(statement);
    case 'csv':
      return csvStatement(statement);
    case 'camt.053':
      return camt053Statement(statement, holder);
    case 'pdf':
      return pdfStatement(statement, holder);
    default:
      return unreachable(format);
  }
}
