import { z } from 'zod';

/**
 * One signature covers so many events of a message in their order, the last one those that are
 * left. An append takes a part of a large message; this keeps small what it must write down of the
 * rest.
 */
export const SIGNED_EVENTS_MAX = 64;
/** What the signatures of events are made for (platform/signatures.ts). */
export const EVENTS_PURPOSE = 'core-bank events/1';

/** The text that an actor host signs: the digests of events, in order. */
export const signedDigests = (digests: readonly string[]): string => digests.join('\n');

/** Says that the holder of a key decided the events with these digests. */
export interface EventSignature {
  readonly signer: string;
  readonly signature: string;
  readonly digests: readonly string[];
}

const SIGNER_CHARACTERS_MAX = 64;
const SIGNATURE_CHARACTERS_MAX = 128;
const DIGEST_CHARACTERS = 43;
export const signerText = z.string().max(SIGNER_CHARACTERS_MAX);
export const signatureText = z.string().max(SIGNATURE_CHARACTERS_MAX);

/** The key of the last entry of each transaction of the log, which is no event and in no index. */
export const SIGNATURES_KEY = 'signatures';
/** The value of that entry: who signed the events of the transaction. */
const loggedSignatures = z.strictObject({
  signatures: z.array(
    z.strictObject({
      signer: signerText,
      signature: signatureText,
      /**
       * What it covers, in order: events of the transaction by their index, and the digests of
       * those that it does not have.
       */
      events: z
        .array(z.union([z.int().min(0), z.string().length(DIGEST_CHARACTERS)]))
        .min(1)
        .max(SIGNED_EVENTS_MAX),
    }),
  ),
});

/**
 * The value of the entry for these events.
 * @param digests of the events of the transaction, in order.
 */
export function encodeSignatures(
  signatures: readonly EventSignature[],
  digests: readonly string[],
): string {
  const indexes = new Map(digests.map((digest, index) => [digest, index]));
  return JSON.stringify({
    signatures: signatures.map(({ signer, signature, digests: covered }) => ({
      signer,
      signature,
      events: covered.map((digest) => indexes.get(digest) ?? digest),
    })),
  } satisfies z.infer<typeof loggedSignatures>);
}

/**
 * The signatures in the value of such an entry, undefined when it is none.
 * @param digests of the events of its transaction, in order.
 */
export function decodeSignatures(
  text: string,
  digests: readonly string[],
): EventSignature[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = loggedSignatures.safeParse(value);
  if (!read.success) return undefined;
  const signatures = read.data.signatures.map(({ signer, signature, events }) => ({
    signer,
    signature,
    digests: events.map((one) => (typeof one === 'string' ? one : (digests[one] ?? ''))),
  }));
  const isWhole = signatures.every(({ digests: covered }) => !covered.includes(''));
  return isWhole ? signatures : undefined;
}
