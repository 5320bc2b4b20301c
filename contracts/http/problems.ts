import { writtenId, writtenTime } from './scalars.ts';
import { z } from 'zod';

/**
 * Every way in which a request can end without a result: HTTP status, title, and what the caller
 * can do. The codes are stable; the document is that of RFC 9457.
 */
export const PROBLEMS = {
  'invalid-request': [400, 'The request is not valid', 'Correct the members named in errors.'],
  'malformed-json': [400, 'The body is not one JSON object', 'Send one JSON object in UTF-8.'],
  unauthenticated: [
    401,
    'Nobody is named who sends this',
    'Send Authorization: Bearer with an access token; "npm run -s token -- teller" prints one.',
  ],
  forbidden: [
    403,
    'The access token does not give this right',
    'Ask for a token with the scope that is named.',
  ],
  'same-person': [
    403,
    'Who asked for it cannot decide about it',
    'Another person has to approve or reject it.',
  ],
  'foreign-origin': [
    403,
    'A web page of another origin sent this',
    'Send it from a page of this server, or not from a browser.',
  ],
  'account-not-found': [404, 'No such account', 'Check the account id, or open the account.'],
  'account-not-opened-yet': [
    404,
    'The account was opened later',
    'Ask for openedAt or a later time.',
  ],
  'person-not-found': [404, 'No such person', 'Check the person id, or register the person.'],
  'event-not-found': [404, 'No such event', 'Check the version.'],
  'position-not-found': [404, 'Nothing was in the log yet', 'Ask for the position of an event.'],
  'hold-not-found': [404, 'No such hold', 'Check the hold id; it belongs to one account.'],
  'transfer-not-found': [404, 'No such transfer', 'Check the transfer id.'],
  'transaction-not-found': [404, 'No such transaction', 'Check the transaction id.'],
  'approval-not-found': [404, 'No such approval', 'Check the approval id.'],
  'command-not-found': [404, 'No such command', 'Name the account, or send it again with its key.'],
  'route-not-found': [404, 'No such resource', 'See /openapi.json for what there is.'],
  'method-not-allowed': [405, 'Method not allowed', 'Use one of the methods in Allow.'],
  'not-acceptable': [406, 'Nothing of that type is served', 'Accept what /openapi.json names.'],
  'request-timeout': [408, 'The body came too slowly', 'Send the whole body within 10 seconds.'],
  'account-frozen': [409, 'The account is frozen', 'Nothing moves until it is unfrozen.'],
  'account-not-frozen': [409, 'The account is not frozen', 'There is nothing to unfreeze.'],
  'account-blocked': [
    409,
    'The account is blocked in that direction',
    'See direction; lift the block first.',
  ],
  'account-not-blocked': [409, 'The account is not blocked', 'There is no such block to lift.'],
  'account-closed': [409, 'The account is closed', 'A closed account stays closed.'],
  'balance-not-zero': [409, 'The account is not empty', 'Bring ledger and held to zero first.'],
  'hold-already-resolved': [409, 'The hold was resolved before', 'See the event at that version.'],
  'hold-expired': [409, 'The hold has expired', 'Place a new hold.'],
  'hold-not-due': [409, 'The hold has not expired yet', 'Void it instead.'],
  'already-reversed': [409, 'The movement was reversed before', 'See the event at that version.'],
  'transfer-already-ended': [409, 'The transfer has ended', 'See the event at that version.'],
  'transfer-expired': [409, 'The transfer has expired', 'Make a new transfer.'],
  'transfer-not-due': [409, 'The transfer has not expired yet', 'Void it instead.'],
  'too-many-open': [409, 'Too many are open on the account', 'Resolve some of them first.'],
  'person-already-exists': [409, 'The person exists already', 'Use another Idempotency-Key.'],
  'person-erased': [409, 'The personal data was erased', 'Register the person anew if need be.'],
  'account-already-exists': [409, 'The account exists already', 'Use another Idempotency-Key.'],
  'position-not-audited': [
    409,
    'The audit has not come that far',
    'Ask again after Retry-After seconds; auditedPosition says how far it is.',
  ],
  'batch-aborted': [
    409,
    'Another command of the batch was refused',
    'Nothing of the batch was executed. See which result has another problem, then send all again.',
  ],
  'approval-required': [
    409,
    'A second person has to approve this',
    'Send the command alone, over REST: it then waits for the approval.',
  ],
  'approval-ended': [
    409,
    'The approval has ended',
    'See what became of it; ask again under a new Idempotency-Key.',
  ],
  'version-mismatch': [412, 'It has another version', 'Read it again, then decide again.'],
  'payload-too-large': [413, 'The body is too large', 'Send at most 64 KiB.'],
  'uri-too-long': [414, 'The address is too long', 'Shorten the path or the query.'],
  'unsupported-media-type': [415, 'The body is not JSON', 'Send application/json in UTF-8.'],
  'misdirected-request': [
    421,
    'This server does not go by that Host',
    'Call it as localhost, 127.0.0.1 or [::1], or name the host in ALLOWED_HOSTS.',
  ],
  'owner-not-found': [422, 'No such owner', 'Register the person, then use that personId.'],
  'insufficient-funds': [422, 'Not enough money available', 'Withdraw at most what is available.'],
  'limit-exceeded': [
    422,
    'A limit of the account is exceeded',
    'See limit and allowed; of a limit per day see used and resetsAt too.',
  ],
  'currency-mismatch': [422, 'The currencies differ', 'Use accounts of one currency.'],
  'hold-amount-exceeded': [
    422,
    'More than is held',
    'Capture at most what is held, or allow more with PUT /v1/accounts/{id}/limits.',
  ],
  'reversal-amount-exceeded': [
    422,
    'More than can still be taken back',
    'Take back at most what is left of the movement.',
  ],
  'transfer-amount-exceeded': [422, 'More than is reserved', 'Capture at most what is reserved.'],
  'not-reversible': [
    422,
    'That event cannot be reversed',
    'Name a deposit, withdrawal or capture.',
  ],
  'same-account': [422, 'Source and target are one account', 'Name two accounts.'],
  'idempotency-key-reused': [
    422,
    'The Idempotency-Key belongs to another request',
    'Nothing of this request was executed. Use a new key for a new request.',
  ],
  'too-many-accounts': [
    422,
    'The owner has too many accounts',
    'List the accounts page by page, and add up what they have.',
  ],
  'statement-too-long': [
    422,
    'The period has too many events',
    'Ask for a shorter period; fitsTo is the latest "to" that fits.',
  ],
  'too-many-requests': [429, 'Too much at once', 'Retry after Retry-After seconds.'],
  'headers-too-large': [431, 'The headers are too large', 'Send fewer or shorter headers.'],
  'internal-error': [500, 'Something broke inside', 'Retry with the same Idempotency-Key.'],
  'statement-unsound': [
    500,
    'The events of the log do not add up',
    'No statement is made of them. Tell the bank: it must be looked into.',
  ],
  'account-set-aside': [
    500,
    'The read side cannot show the account',
    'Its events and movements by version are still served. Tell the bank: it must be looked into.',
  ],
  'person-set-aside': [
    500,
    'The read side cannot show the person',
    'Tell the bank: it must be looked into.',
  ],
  'service-unavailable': [
    503,
    'A part of the bank is not reachable',
    'Retry with the same Idempotency-Key after Retry-After seconds.',
  ],
  'version-not-reached': [
    503,
    'The read side has not reached that version yet',
    'Retry after Retry-After seconds.',
  ],
} as const satisfies Record<string, readonly [number, string, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One member of a request that is wrong. */
export interface FieldError {
  /** Where: a JSON pointer into the body, or "query/limit", "path/id", "header/If-Match". */
  readonly at: string;
  readonly message: string;
}

const amount = z.string().optional();
const whole = z.int().optional();
const text = z.string().optional();

/**
 * What a problem tells besides its code, where the code has it. A member that is not named here
 * may come with a later release.
 */
const extensionMembers = {
  errors: z.array(z.strictObject({ at: z.string(), message: z.string() })).optional(),
  available: amount,
  shortfall: amount,
  ledger: amount,
  held: amount,
  reserved: amount,
  allowed: amount,
  used: amount,
  currency: text,
  /** The name of the limit, or how many may be open. */
  limit: z.union([z.string(), z.int()]).optional(),
  /** How many may be under way. */
  most: whole,
  resetsAt: writtenTime.optional(),
  /** Of the account, or of the event that did it before. */
  version: whole,
  eventType: text,
  /** The account that was refused, where two take part. */
  accountId: writtenId.optional(),
  /** Names the record of the refusal, if the account keeps them. */
  refusalId: z.string().nullable().optional(),
  approvalId: writtenId.optional(),
  approval: text,
  scope: text,
  openedAt: writtenTime.optional(),
  eventsMax: whole,
  /** The latest "to" of a period that fits. */
  fitsTo: text,
  requestId: text,
  auditedPosition: z.number().nullable().optional(),
};

/** A problem document (RFC 9457), application/problem+json. */
export const problemSchema = z.looseObject({
  type: z.string().meta({ description: 'page about it, at the address of this API' }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
  ...extensionMembers,
});
export type Problem = z.infer<typeof problemSchema>;

/** What a problem document says besides its code. */
export interface ProblemParts {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Extension members, for example available and shortfall. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Where an API has the page about a problem. */
export const problemPath = (code: ProblemCode): string => `/problems/${code}`;

/**
 * The problem document of a code.
 * @param instance the path of the request.
 * @example
 * problem('insufficient-funds', '/v1/accounts/x/withdrawals', { more: { available: '3.00' } });
 * // { type: '/problems/insufficient-funds', status: 422, available: '3.00', ... }
 */
export function problem(code: ProblemCode, instance: string, parts: ProblemParts = {}): Problem {
  const [status, title, advice] = PROBLEMS[code];
  return {
    type: problemPath(code),
    title,
    status,
    detail: parts.detail ?? advice,
    instance,
    code,
    ...(parts.errors === undefined ? {} : { errors: [...parts.errors] }),
    ...parts.more,
  };
}
