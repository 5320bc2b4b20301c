import { z } from 'zod';
import { currencyOf, type Currency } from '../domain/currency.ts';
import { REVIEWED_ACTS, type FourEyes, type ReviewedAct } from '../domain/four-eyes.ts';
import { parseAmount, type Minor } from '../domain/money.ts';
import { commonConfig } from '../platform/config.ts';
import { operatorConfig } from '../platform/http/operator-socket.ts';

const SECOND_MS = 1_000;

const amountsIn = (text: string): (readonly [code: string, amount: string])[] =>
  text === '' ? [] : text.split(',').map((pair) => pair.split('=') as [string, string]);

function* wrongAmounts(text: string): Generator<string> {
  for (const [code, amount] of amountsIn(text)) {
    const currency = currencyOf(code);
    if (currency === undefined) yield `${code} is not an ISO 4217 currency`;
    else if (typeof parseAmount(amount, currency) !== 'bigint') {
      yield `${amount} is not an amount in ${code}`;
    }
  }
}

/** Environment variables of the actor host. */
export const actorHostConfig = {
  ...commonConfig,
  ...operatorConfig,
  ACTOR_HOST_NAME: z
    .string()
    .regex(/^[A-Za-z0-9]{1,32}$/)
    .default('host1')
    .describe("Part of the name of the host's own actor type; unique among the hosts of a bank."),
  KEY_RING_FILE: z
    .string()
    .min(1)
    .describe(
      'Secret: file of the keys that wrap the keys of persons. Only actor hosts read it; put it ' +
        'on another disk than PostgreSQL.',
    ),
  COMMAND_KEY: z
    .string()
    .min(16)
    .describe('Secret: shared with core-bank-api; authenticates calls of actors and answers.'),
  PERSONS_KEY: z
    .string()
    .min(16)
    .describe('Secret: shared with queries-bank-api, which opens the data of persons with it.'),
  HOST_SIGNING_KEY: z
    .base64()
    .min(1)
    .describe("Secret: the actor hosts' private key (PKCS #8, DER), which signs their events."),
  FOUR_EYES_AMOUNTS: z
    .string()
    .regex(/^(?:[A-Z]{3}=[0-9.]+(?:,[A-Z]{3}=[0-9.]+)*)?$/)
    .superRefine((text, context) => {
      for (const message of wrongAmounts(text)) context.addIssue({ code: 'custom', message });
    })
    .default('')
    .describe(
      'What moves more than that needs the approval of a second person, for example ' +
        '`EUR=10000,CZK=250000.00`; a currency that is not named has no such bound.',
    ),
  FOUR_EYES_ACTS: z
    .string()
    .regex(new RegExp(`^(?:(?:${REVIEWED_ACTS.join('|')})(?:,(?:${REVIEWED_ACTS.join('|')}))*)?$`))
    .default('')
    .describe('Acts that need it whatever they are worth: `limits,reversals,erasure`.'),
  FOUR_EYES_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(2_592_000)
    .default(86_400)
    .describe('How long something waits for an approval before it expires.'),
  JOURNAL_URL: z
    .url({ protocol: /^postgres(ql)?$/ })
    .describe('Secret: PostgreSQL URL of the journal, with the role that may only call functions.'),
};

/** What a second person has to approve. */
export const fourEyesOf = (
  config: Readonly<Record<'FOUR_EYES_AMOUNTS' | 'FOUR_EYES_ACTS', string>> & {
    readonly FOUR_EYES_SECONDS: number;
  },
): FourEyes => ({
  amounts: new Map(
    amountsIn(config.FOUR_EYES_AMOUNTS).map(([code, amount]) => {
      const currency = code as Currency;
      return [currency, parseAmount(amount, currency) as Minor];
    }),
  ),
  acts: new Set(config.FOUR_EYES_ACTS.split(',').filter((act) => act !== '') as ReviewedAct[]),
  waitMs: SECOND_MS * config.FOUR_EYES_SECONDS,
});
