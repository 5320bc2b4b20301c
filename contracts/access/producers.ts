import { z } from 'zod';
import { personIdText } from '../http/scalars.ts';
import { clientText, ROLES, type Principal } from './principal.ts';
import { scopesOf } from './rules.ts';

const PRODUCERS_MAX = 1_000;
const KEYS_MAX = 10;

const jwk = { kid: z.string().min(1).max(128), use: z.literal('sig').optional() };
/** The public half of a key (RFC 7517). A private one is refused: it belongs to its producer. */
const publicKey = z.discriminatedUnion('kty', [
  z.strictObject({
    ...jwk,
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    alg: z.literal('ES256').optional(),
    x: z.base64url(),
    y: z.base64url(),
  }),
  z.strictObject({
    ...jwk,
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    alg: z.literal('EdDSA').optional(),
    x: z.base64url(),
  }),
]);

/** A system that sends commands as messages, and what it may do. */
const producer = z.strictObject({
  client: clientText,
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
  /** Of a customer: the person whose accounts it may move. */
  personId: personIdText.optional(),
  /** Several, so that a key can be exchanged while messages wait; each has a `kid` of its own. */
  keys: z.array(publicKey).min(1).max(KEYS_MAX),
});
export type Producer = z.infer<typeof producer>;
export type ProducerKey = Producer['keys'][number];

/** The file that COMMAND_PRODUCERS_FILE names. */
export const producersFile = z
  .strictObject({ producers: z.array(producer).max(PRODUCERS_MAX) })
  .refine(
    ({ producers }) => {
      const kids = producers.flatMap(({ keys }) => keys.map(({ kid }) => kid));
      return new Set(kids).size === kids.length;
    },
    { message: 'must have each kid once' },
  );

/** Who sends the messages of a producer; a message does not end as a token does. */
export const principalOfProducer = ({ client, roles, personId }: Producer): Principal => ({
  subject: client,
  client,
  roles,
  strength: 'client',
  ...(personId === undefined ? {} : { personId }),
  scopes: scopesOf(roles),
  expires: Number.MAX_SAFE_INTEGER,
});
