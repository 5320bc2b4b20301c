import { dayText, directionText, writtenId, writtenTime } from '../http/scalars.ts';
import { z } from 'zod';
import { signedStateDocument } from '../log/receipts.ts';
import { millisecondsOf } from './history-filters.ts';
import type { Operation } from '../http/openapi.ts';
import { idParams } from '../http/parameters.ts';
import { historyEntry } from './read-models.ts';
import { positionNumber } from '../log/topics.ts';

/** The formats of a statement. */
const STATEMENT_FORMATS = ['json', 'csv', 'camt.053', 'pdf'] as const;
export type StatementFormat = (typeof STATEMENT_FORMATS)[number];

/** Most events of the account in the period of one statement, whether they moved money or not. */
export const STATEMENT_EVENTS_MAX = 10_000;
/** The same for a PDF, of which a page costs far more time than a line of text. */
export const PDF_EVENTS_MAX = 2_000;

/** A millisecond of UTC or a version of the account: from it on, or before it. */
export type StatementBound = { readonly ms: number } | { readonly version: number };
/** The same, or a whole day in the time zone of the bank. */
export type AskedBound = StatementBound | { readonly day: string };

const VERSION = /^v[1-9][0-9]{0,14}$/;
const FORMS =
  'a day such as 2026-11-21, an RFC 3339 time such as 2026-11-21T10:00:00Z ' +
  'or a version such as v17';

const bound = (description: string) =>
  z
    .union(
      [
        z.iso.date().transform((day): AskedBound => ({ day })),
        z.iso
          .datetime({ offset: true })
          .transform((text): AskedBound => ({ ms: millisecondsOf(text) })),
        z
          .string()
          .regex(VERSION)
          .transform((text): AskedBound => ({ version: Number(text.slice(1)) })),
      ],
      { error: `must be ${FORMS}` },
    )
    .refine(isSince1970, { message: 'must not be before 1970' })
    .meta({ description, examples: ['2026-11-21'] });

const isSince1970 = (asked: AskedBound): boolean =>
  'day' in asked ? asked.day >= '1970-01-01' : 'version' in asked || asked.ms >= 0;

/** Query of GET /v1/accounts/{id}/statements. */
export const statementQuery = z.strictObject({
  from: bound('first day, or the instant or version from which on'),
  to: bound('last day, or the instant or version before which'),
  format: z
    .enum(STATEMENT_FORMATS)
    .optional()
    .meta({ description: 'as Accept says when missing, json for any other' }),
});

/**
 * One movement of money, from one event of the log. Description and reference of a reversal are
 * those of the movement that it reverses; its own text is the reason.
 */
const statementEntry = historyEntry
  .pick({
    version: true,
    type: true,
    amount: true,
    at: true,
    eventId: true,
    position: true,
    description: true,
    reference: true,
    reason: true,
    holdId: true,
    commandId: true,
    causationId: true,
    transferId: true,
    otherAccountId: true,
    reverses: true,
    reversesTransferId: true,
  })
  .extend({
    direction: directionText,
    /** The day of booking, and the one from which the money counts. */
    date: dayText,
    valueDate: dayText,
    /** Ledger balance after it. */
    balanceAfter: z.string(),
    otherAccountNumber: z.string().optional(),
    /** Where the proof of this entry is. */
    receipt: z.string(),
  });
export type StatementEntry = z.infer<typeof statementEntry>;

const total = z.strictObject({ count: z.int().min(0), amount: z.string() });
/** What movements of one type did together. */
const totalOfType = total.extend({
  type: z.string(),
  direction: directionText,
});
export type TotalOfType = z.infer<typeof totalOfType>;

/** A statement in JSON; the other formats are made from it. */
export const statementAnswer = z.strictObject({
  /** Follows from what the statement says: the same content has the same id. */
  statementId: z.string(),
  accountId: writtenId,
  accountNumber: z.string(),
  /** Missing for an internal account. */
  ownerId: z.string().optional(),
  currency: z.string(),
  /** IANA name of the time zone of all days in it. */
  timeZone: z.string(),
  /** From this instant on. */
  from: z.string(),
  /** Up to before this instant. */
  to: z.string(),
  createdAt: writtenTime,
  /** Whether the log has a later event, so that nothing can be added to this period any more. */
  final: z.boolean(),
  /** Ledger balance before the first event of the period; version 0 when there was none. */
  opening: z.strictObject({ ledger: z.string(), version: z.int().min(0) }),
  credits: total,
  debits: total,
  /** The same by the type of the movement, in the order of the names. */
  totals: z.array(totalOfType),
  /** Balance after the last event of the period: opening + credits - debits = closing. */
  closing: z.strictObject({
    ledger: z.string(),
    held: z.string(),
    available: z.string(),
    version: z.int().min(1),
    at: writtenTime,
  }),
  /** Oldest first. */
  entries: z.array(statementEntry),
  log: z.strictObject({
    /** The last event that the statement takes into account, and where it stands in the log. */
    eventId: z.string(),
    position: positionNumber,
    /** A state of the log with all of that in it, signed by the bank; receipts prove a line. */
    signedState: signedStateDocument,
  }),
});
export type StatementAnswer = z.infer<typeof statementAnswer>;

const description = [
  'Opening balance, every movement of money, closing balance, read from the immutable log and',
  'added up before anything is sent: a statement that does not add up is never served. A day means',
  'all of it in the time zone of the bank (timeZone in the answer), so',
  'from=2026-11-01&to=2026-11-30 is November; an instant means from it on, or up to before it;',
  'v17 means from version 17 of the account on, or up to before it. "to" may lie',
  'later today: then the statement ends now. All of it is of one moment of the log, whatever comes',
  'in meanwhile; what came later is not in it. Holds and reservations',
  `are not booked and not in it. At most ${STATEMENT_EVENTS_MAX} events (pdf: ${PDF_EVENTS_MAX})`,
  'lie in one statement. "format" decides the type of the answer, or Accept where it is missing:',
  'application/json, text/csv (RFC 4180), application/xml (ISO 20022 camt.053.001.08) or',
  'application/pdf.',
].join(' ');

/** The operation of queries-bank-api that makes statements. */
export const STATEMENT_OPERATION: Operation = {
  method: 'get',
  path: '/v1/accounts/{id}/statements',
  id: 'readStatement',
  access: { scope: 'accounts:read', object: 'account' },
  summary: 'A statement of an account',
  showsPersonalData: true,
  description,
  params: idParams,
  query: statementQuery.shape,
  status: 200,
  answer: statementAnswer,
  otherAnswers: ['text/csv', 'application/xml', 'application/pdf'],
  answerHeaders: { 'Content-Disposition': 'a name for the file' },
  problems: [
    'account-not-found',
    'account-not-opened-yet',
    'event-not-found',
    'statement-too-long',
    'statement-unsound',
  ],
};
