import { z } from 'zod';
import {
  ACCOUNT_ID_PATTERN,
  approvalId,
  type ApprovalId,
  type StreamId,
} from '../../domain/ids.ts';
import { byText, sender } from '../access/principal.ts';
import { envelope } from '../account/events.ts';
import { refusalSchema } from '../account/refusals.ts';
import * as texts from '../http/scalars.ts';
import { personRefusal } from '../person/commands.ts';

const APPROVAL_STREAM = /^approval\/[0-9a-f-]{36}$/;
/** The stream of the account or person that the command is for. */
const about = z.string().regex(/^(?:acct|person)\/[0-9a-f-]{36}$/);
/** The command as it was asked for: exactly this is executed, or nothing. */
const asked = z.record(z.string(), z.unknown());
/** The versions at which it may run, as the client said. */
const ifMatch = z.union([z.literal('*'), z.array(z.int().min(0))]);
/** Why it could not be executed any more. */
const refusal = z.union([refusalSchema, personRefusal]);

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  envelope(type, z.strictObject({ about, ...shape }), APPROVAL_STREAM);

/**
 * Every event of an approval. `by` of the first one is who asked, of the second who decided; its
 * `commandHash` is that of the command in all of them.
 */
export const approvalEventSchema = z.discriminatedUnion('type', [
  event('approval-requested', {
    asked,
    /** Whose accounts it may be about: see `sender`. */
    owner: sender.shape.owner,
    ifMatch: ifMatch.optional(),
    expiresAt: texts.timeText,
  }),
  /** In one transaction with the events of the command. */
  event('approval-granted', {}),
  event('approval-rejected', { reason: texts.storedTexts.description.optional() }),
  /** It was approved, but a rule of the bank refuses the command by now. */
  event('approval-refused', { refusal }),
  event('approval-expired', {}),
]);
/** An event of an approval as it is stored in the journal, on the topics and in the log. */
export type ApprovalEvent = z.infer<typeof approvalEventSchema>;

/** How an approval stands; all but the first are final. */
export const APPROVAL_STATUS = ['waiting', 'approved', 'rejected', 'refused', 'expired'] as const;
type ApprovalStatus = (typeof APPROVAL_STATUS)[number];

/** An approval as the journal stores it. */
export const approvalState = z.strictObject({
  version: z.int().min(1),
  status: z.enum(APPROVAL_STATUS),
  about,
  /** The client's key. */
  commandId: z.string(),
  /** Who asked. */
  by: byText,
  owner: sender.shape.owner,
  asked,
  ifMatch: ifMatch.optional(),
  commandHash: z.string(),
  askedAt: z.string(),
  expiresAt: z.string(),
  changedAt: z.string(),
  decidedBy: byText.optional(),
  reason: z.string().optional(),
  refusal: refusal.optional(),
});
export type ApprovalState = Readonly<z.infer<typeof approvalState>>;

const ENDS = {
  'approval-granted': 'approved',
  'approval-rejected': 'rejected',
  'approval-refused': 'refused',
  'approval-expired': 'expired',
} as const satisfies Record<
  Exclude<ApprovalEvent['type'], 'approval-requested'>,
  Exclude<ApprovalStatus, 'waiting'>
>;

/**
 * The approval after an event.
 * @throws Error when the event cannot follow.
 */
export function approvalAfter(
  before: ApprovalState | undefined,
  event: ApprovalEvent,
): ApprovalState {
  const { type, version, by, at, data } = event;
  if (type === 'approval-requested') {
    if (before !== undefined || by === undefined)
      throw new Error('an approval was asked for twice');
    const { commandId, commandHash } = event;
    const { about: stream, owner, asked: command, ifMatch: versions, expiresAt } = event.data;
    return {
      version,
      status: 'waiting',
      about: stream,
      commandId,
      by,
      owner,
      asked: command,
      ...(versions === undefined ? {} : { ifMatch: versions }),
      commandHash,
      askedAt: at,
      expiresAt,
      changedAt: at,
    };
  }
  if (before?.status !== 'waiting') throw new Error(`${type} of an approval that does not wait`);
  if (event.commandHash !== before.commandHash) throw new Error(`${type} is of another command`);
  return {
    ...before,
    version,
    status: ENDS[type],
    changedAt: at,
    ...(by === undefined ? {} : { decidedBy: by }),
    ...('reason' in data && data.reason !== undefined ? { reason: data.reason } : {}),
    ...('refusal' in data ? { refusal: data.refusal } : {}),
  };
}

/** Whether its time is up. */
export const isOver = ({ expiresAt }: Pick<ApprovalState, 'expiresAt'>, at: string): boolean =>
  Date.parse(expiresAt) <= Date.parse(at);

/** The stream of an approval. */
export const streamOfApproval = (id: ApprovalId): StreamId => `approval/${id}` as StreamId;
/**
 * The approval of a stream.
 * @throws Error when the stream is not `approval/` and an approval id.
 */
export const approvalOfStream = (stream: string): ApprovalId =>
  approvalId(stream.slice('approval/'.length));
/** Whether it has the form of an approval id. */
export const isApprovalId = (text: string): boolean => ACCOUNT_ID_PATTERN.test(text);
