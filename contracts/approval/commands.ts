import { z } from 'zod';
import type { CommandOf } from '../../domain/account-commands.ts';
import { ROLES, sender } from '../access/principal.ts';
import type { Scope } from '../access/rules.ts';
import { COMMAND_OPERATIONS, emptyBody, typed } from '../account/command-operations.ts';
import { clientKeyText, commandBody, commandMessage } from '../account/commands.ts';
import { loggedEventSchema } from '../account/events.ts';
import { refusalSchema } from '../account/refusals.ts';
import { clientTexts } from '../http/scalars.ts';
import { personRefusal } from '../person/commands.ts';
import { personEventSchema } from '../person/events.ts';
import { approvalState } from './events.ts';

/** Dapr actor type of approvals; the actor id is the approval id. */
export const APPROVAL_ACTOR_TYPE = 'Approval';
/** The actors that list what waits; several, because an actor takes one call at a time. */
export const APPROVAL_LISTS = ['list1', 'list2', 'list3', 'list4'] as const;

/** What can wait for an approval. */
export const askedCommand = z.union([commandBody, typed('erase-person', emptyBody)]);
export type AskedCommand = z.infer<typeof askedCommand>;

const SCOPE_OF = new Map<string, Scope>(
  COMMAND_OPERATIONS.map(({ command, access }) => [command, access.scope]),
);
const TRANSFERS = 'transfers:write';

/** The right that somebody needs who gives the command, and so who approves it. */
export function scopeOfAsked(asked: Readonly<Record<string, unknown>>): Scope {
  const type = String(asked['type']);
  if (type === 'erase-person') return 'persons:erase';
  const isReversal =
    (asked as Partial<CommandOf<'send-transfer'>>).reversesTransferId !== undefined;
  return isReversal ? 'reversals:write' : (SCOPE_OF.get(type) ?? TRANSFERS);
}

/** What a second person decides. */
const decideMessage = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  reason: clientTexts.description.optional(),
  commandId: clientKeyText,
  by: sender.shape.by,
  ifMatch: commandMessage.shape.ifMatch,
  dryRun: z.boolean().optional(),
  traceparent: z.string().optional(),
});
export type DecideMessage = z.infer<typeof decideMessage>;
/** The decision on its way to the actor of the approval. */
export const decideRequest = z.strictObject({
  message: decideMessage,
  /** Epoch milliseconds: who sends it waits no longer. */
  deadline: z.int(),
});

const notDecided = z.discriminatedUnion('code', [
  z.strictObject({ code: z.literal('approval-not-found') }),
  z.strictObject({ code: z.literal('same-person') }),
  z.strictObject({ code: z.literal('forbidden'), scope: z.string() }),
]);

/** The result of a decision. */
export const decideAnswer = z.discriminatedUnion('ok', [
  z.strictObject({
    ok: z.literal(true),
    /** It was decided before, by the same person in the same way. */
    replayed: z.boolean(),
    approval: approvalState,
    /** What the command did; nothing when it was rejected. */
    events: z.array(z.union([loggedEventSchema, personEventSchema])),
  }),
  z.strictObject({
    ok: z.literal(false),
    refusal: z.union([notDecided, refusalSchema, personRefusal]),
    /** The approval has ended with this refusal. */
    ended: z.literal(true).optional(),
  }),
]);
export type DecideResult = z.infer<typeof decideAnswer>;

/** The approval of this actor; null when there is none. */
export const approvalLookup = z.strictObject({ approval: approvalState.nullable() });

const place = z.strictObject({ due: z.int(), stream: z.string() });
/** A place in the list of what waits, ordered by when it expires. */
export type WaitingPlace = z.infer<typeof place>;

/** Most approvals of one page. */
export const WAITING_MAX = 100;
/** Asks for what waits, and that these roles may see. */
export const waitingRequest = z.strictObject({
  after: place.optional(),
  limit: z.int().min(1).max(WAITING_MAX),
  roles: z.array(z.enum(ROLES)),
});
/** A page of them. */
export const waitingAnswer = z.strictObject({
  approvals: z.array(z.strictObject({ id: z.string(), approval: approvalState })),
  /** Where the next page begins; missing on the last one. */
  next: place.optional(),
});
export type WaitingAnswer = z.infer<typeof waitingAnswer>;
