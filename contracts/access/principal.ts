import { z } from 'zod';
import { commandName, type CommandId, type CommandName, type PersonId } from '../../domain/ids.ts';

/** Who may be called by the bank's APIs; `service` is a system that acts by itself. */
export const ROLES = [
  'customer',
  'teller',
  'operator',
  'auditor',
  'privacy-officer',
  'service',
] as const;
export type Role = (typeof ROLES)[number];

/**
 * How somebody proved who they are: with two factors or more (RFC 8176, `mfa`), with one, or as a
 * client by its own credential without a person (RFC 6749, section 4.4).
 */
const STRENGTHS = ['multi-factor', 'single-factor', 'client'] as const;

const SUBJECT_CHARACTERS_MAX = 128;
const CLIENT_CHARACTERS_MAX = 64;
const VISIBLE = '[\\x21-\\x7e]';
/** Visible ASCII without a space, because it goes into names that are kept permanently. */
const visible = (charactersMax: number, what: string) =>
  z.string().regex(new RegExp(`^${VISIBLE}{1,${charactersMax}}$`), `must be ${what}`);

/** The application through which somebody acts: `client_id` of its access token (RFC 9068). */
export const clientText = visible(CLIENT_CHARACTERS_MAX, '1-64 visible ASCII characters');
/** Who acts, as the issuer names them. */
export const subjectText = visible(SUBJECT_CHARACTERS_MAX, '1-128 visible ASCII characters');

/**
 * Who did it, as events tell permanently (`byText`): part of the hashed and signed envelope. No
 * names and no tokens, only ids that the issuer gave.
 */
export interface ActedBy {
  /** Who acts: `sub`, of a delegated token `act.sub` (RFC 8693, section 4.1). */
  readonly subject: string;
  readonly client: string;
  /** At least one. */
  readonly roles: readonly Role[];
  /** Of a delegated token its `sub`: for whom. */
  readonly onBehalfOf?: string;
  readonly strength: (typeof STRENGTHS)[number];
}

/** Who sends a request, as the API found in the access token. */
export interface Principal extends ActedBy {
  /** The person whose accounts a customer owns: the claim `person_id`. */
  readonly personId?: PersonId;
  readonly scopes: readonly string[];
  /** When the token ends, in epoch seconds. */
  readonly expires: number;
}

const ROLE = `(?:${ROLES.join('|')})`;
const BY = new RegExp(
  `^${VISIBLE}{1,${CLIENT_CHARACTERS_MAX}} ${VISIBLE}{1,${SUBJECT_CHARACTERS_MAX}} ` +
    `${ROLE}(?:,${ROLE})* (?:${STRENGTHS.join('|')})` +
    `(?: ${VISIBLE}{1,${SUBJECT_CHARACTERS_MAX}})?$`,
);

/**
 * Who did it, as an event tells: client, subject, roles, strength, and for whom, with a space
 * between them. One text and no object, because it stands in every event of the log: it is half as
 * long, and the check that an event is canonical stays one pass.
 */
export const byText = z
  .string()
  .regex(BY, 'must be who did it')
  .meta({
    description:
      'who did it: client, subject, roles (joined by ","), strength of the authentication, and ' +
      'for whom if it was delegated, with a space between them; missing where the bank itself did',
    examples: ['branch-desk 5d0c2b6e teller multi-factor'],
  });

/** What an event tells of who sent the request: `byText`. */
export const byOf = ({ client, subject, roles, strength, onBehalfOf }: ActedBy): string =>
  [
    client,
    subject,
    roles.join(','),
    strength,
    ...(onBehalfOf === undefined ? [] : [onBehalfOf]),
  ].join(' ');

/** The reverse of `byOf`. */
export function actedBy(by: string): ActedBy {
  const [client = '', subject = '', roles = '', strength, onBehalfOf] = by.split(' ');
  return {
    client,
    subject,
    roles: roles.split(',') as Role[],
    strength: strength as ActedBy['strength'],
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
  };
}

/** The client in what an event tells of who did it. */
const clientOf = (by: string): string => by.slice(0, by.indexOf(' '));

/**
 * The name of a command, by the text that says who sent it and its id. What the bank does by itself
 * has no such text, and an id that is a name.
 */
export const nameBy = (by: string | undefined, id: string): CommandName =>
  by === undefined ? (id as CommandName) : commandName(clientOf(by), id as CommandId);

/**
 * The only owner whose accounts the principal may see and move, or undefined for all. A customer
 * without a person owns nothing: the empty text is no owner's id.
 */
export const ownerBound = ({ roles, personId }: Principal): PersonId | '' | undefined =>
  roles.some((role) => role !== 'customer') ? undefined : (personId ?? '');

/** Stands for the accounts of all owners. */
export const EVERY_OWNER = '*';

const OWNERS = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\*)?$/;

/** What travels with commands of who sent them. */
export const sender = z.strictObject({
  by: byText,
  /** Whose accounts they may be about: of one person, of nobody (''), or of everybody. */
  // One pattern and no union, because every command passes here.
  owner: z.string().regex(OWNERS, 'must be a person id, "" or "*"'),
});
export type Sender = z.infer<typeof sender>;

/** The sender of a principal's commands. */
export const senderOf = (principal: Principal): Sender => ({
  by: byOf(principal),
  owner: ownerBound(principal) ?? EVERY_OWNER,
});

/** Whether the sender may see and move accounts of this owner; internal accounts have none. */
export const mayReach = ({ owner }: Pick<Sender, 'owner'>, ownerId: string | undefined): boolean =>
  owner === EVERY_OWNER || owner === ownerId;
