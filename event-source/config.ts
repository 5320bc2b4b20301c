import { z } from 'zod';
import { commonConfig } from '../platform/config.ts';
import { operatorConfig } from '../platform/http/operator-socket.ts';

const PUBLIC_KEYS = /^[A-Za-z0-9+/]+=*(?:,[A-Za-z0-9+/]+=*)*$/;
const ENDED_KEYS = /^[A-Za-z0-9+/]+=*(?:@[0-9]+)?(?:,[A-Za-z0-9+/]+=*(?:@[0-9]+)?)*$/;

/** Environment variables of event-source. */
export const eventSourceConfig = {
  ...commonConfig,
  ...operatorConfig,
  IMMUDB_ADDRESS: z
    .string()
    .regex(/^[^:]+:[0-9]+$/, 'must be host:port')
    .describe('Host and port of immudb.'),
  IMMUDB_USER: z.string().min(1).describe('User that may write the log.'),
  IMMUDB_PASSWORD: z.string().min(1).describe('Secret: the password of that user.'),
  IMMUDB_DATABASE: z.string().min(1).default('corebank').describe('Database of the log.'),
  LOG_PUBLIC_KEY: z
    .string()
    .regex(PUBLIC_KEYS, 'must be base64, separated by commas')
    .describe(
      "The bank's public key (SPKI, DER): every state of the log must be signed with it. Earlier " +
        'ones follow after commas; they are only told to who checks old receipts.',
    ),
  TRUSTED_STATE_FILE: z
    .string()
    .min(1)
    .describe('File with the trusted state of the log. Put it on another disk than immudb.'),
  AUDIT_SIGNING_KEY: z
    .base64()
    .min(1)
    .describe("Secret: the auditor's private key (PKCS #8, DER), which signs checkpoints."),
  AUDIT_EARLIER_KEYS: z
    .string()
    .regex(/^[A-Za-z0-9+/=,]*$/, 'must be base64, separated by commas')
    .default('')
    .describe('Public keys (SPKI, DER) with which the auditor signed before, the latest first.'),
  AUDIT_FOLDER: z
    .string()
    .min(1)
    .describe('Folder of the checkpoints and of what is in quarantine.'),
  ACCESS_FOLDER: z
    .string()
    .min(1)
    .describe('Folder of the records of refused access and of reads of personal data.'),
  ACCESS_DAYS_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(36_500)
    .default(365)
    .describe('Days after which records of access are removed.'),
  ACCESS_MIB_MAX: z.coerce
    .number()
    .int()
    .min(16)
    .max(1_048_576)
    .default(1_024)
    .describe('Most MiB of records of access; beyond them the oldest are removed.'),
  HOST_PUBLIC_KEYS: z
    .string()
    .regex(ENDED_KEYS, 'must be base64, separated by commas')
    .describe(
      'Public keys (SPKI, DER) of the actor hosts, present and past, separated by commas: an ' +
        'event that none of them signed does not get into the log. One that has ended bears `@` ' +
        'and the last transaction of the log that counts for it.',
    ),
  LOG_FEED_SIGNING_KEY: z
    .base64()
    .min(1)
    .describe('Secret: private key (PKCS #8, DER), which signs what the projections are told.'),
  BANK_EVENTS_URL: z
    .url({ protocol: /^nats$/ })
    .describe('Secret: NATS URL of the public stream, with the user that alone may publish there.'),
  BANK_SOURCE: z
    .string()
    .min(1)
    .default('/core-bank')
    .describe(
      'URI reference that names this bank in integration events. Set it before the first event ' +
        'and never change it.',
    ),
};
