import { z } from 'zod';
import type { AccountId, ApprovalId, PersonId, StreamId } from '../../domain/ids.ts';
import type { TransactionId, TransferId } from '../../domain/ids.ts';
import { sourceOf } from '../../domain/transfer-id.ts';
import { loggedEventSchema, streamOf, type LoggedEvent } from '../account/events.ts';
import { personEventSchema, type LoggedPersonEvent } from '../person/events.ts';
import { refusalEventSchema, type RefusalEvent } from '../account/refusal-events.ts';
import { approvalEventSchema, streamOfApproval, type ApprovalEvent } from '../approval/events.ts';
import { personIdText } from '../http/scalars.ts';

/** Any event of the log. Whatever carries events carries all of them and interprets none. */
export const bankEventSchema = z.discriminatedUnion('type', [
  loggedEventSchema,
  personEventSchema,
  refusalEventSchema,
  approvalEventSchema,
]);
export type BankEvent = z.infer<typeof bankEventSchema>;

/** What a stream is of, as its name begins. */
export const STREAM_KINDS = ['acct', 'person', 'refusal', 'approval'] as const;
/** The form of a stream's name. */
export const STREAM_PATTERN = new RegExp(
  `^(?:${STREAM_KINDS.join('|')})/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`,
);
/** The name of a stream. */
export const streamIdText = z
  .string()
  .regex(
    STREAM_PATTERN,
    'must be acct/{accountId}, person/{personId}, refusal/{accountId} or approval/{approvalId}',
  )
  .transform((stream) => stream as StreamId);

/** The stream of a person. */
export const streamOfPerson = (id: PersonId): StreamId => `person/${id}` as StreamId;
/**
 * The person of a stream.
 * @throws ZodError when the stream is not `person/` and a person id.
 */
export const personOfStream = (stream: string): PersonId =>
  personIdText.parse(stream.slice('person/'.length));

/** The stream in which an account's refused commands are recorded. */
export const refusalsOf = (id: AccountId): StreamId => `refusal/${id}` as StreamId;

/**
 * Streams that may have events which are joint with this one, as far as it tells: the other side of
 * a transfer, the approval of a command, and what an approval is about. Every part of a transaction
 * tells its first source, and that one's first event all sources.
 */
export const jointStreamsOf = ({ data, approvalId }: BankEvent): StreamId[] => [
  ...('otherAccountId' in data ? [streamOf(data.otherAccountId)] : []),
  ...('transactionId' in data ? sourcesOf([data.transactionId!]) : []),
  ...('transaction' in data ? sourcesOf(data.transaction!.transferIds) : []),
  ...('about' in data ? [data.about as StreamId] : []),
  ...(approvalId === undefined ? [] : [streamOfApproval(approvalId as ApprovalId)]),
];

const sourcesOf = (ids: readonly (TransferId | TransactionId)[]): StreamId[] =>
  ids
    .map(sourceOf)
    .filter((id) => id !== undefined)
    .map(streamOf);

/** The stream of an event that was parsed. */
export const streamOfEvent = ({ stream }: BankEvent): StreamId => stream as StreamId;

/** Whether the event belongs to an account's stream. */
export const isAccountEvent = (event: BankEvent): event is LoggedEvent =>
  event.stream.startsWith('acct/');
/** Whether the event belongs to a person's stream. */
export const isPersonEvent = (event: BankEvent): event is LoggedPersonEvent =>
  event.stream.startsWith('person/');
/** Whether the event is the record of a refused command. */
export const isRefusalEvent = (event: BankEvent): event is RefusalEvent =>
  event.stream.startsWith('refusal/');
/** Whether the event belongs to an approval's stream. */
export const isApprovalEvent = (event: BankEvent): event is ApprovalEvent =>
  event.stream.startsWith('approval/');
