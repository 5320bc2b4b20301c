import * as texts from '../../contracts/http/scalars.ts';
import { isCanonicalText } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import type { AlarmKind } from '../../contracts/log/audit.ts';
import {
  bankEventSchema,
  STREAM_KINDS,
  STREAM_PATTERN,
  type BankEvent,
} from '../../contracts/log/bank-events.ts';
import {
  decodeSignatures,
  EVENTS_PURPOSE,
  SIGNATURES_KEY,
  signedDigests,
} from '../../contracts/log/event-signatures.ts';
import { currencyOf } from '../../domain/currency.ts';
import { ACCOUNT_ID_PATTERN } from '../../domain/ids.ts';
import { AMOUNT_PATTERN } from '../../domain/money.ts';
import type { IsSigned } from '../../platform/signatures.ts';
import { hasHash } from '../../proofs/hashing.ts';
import { GENESIS_KEY } from '../immudb/log-end.ts';
import { GENESIS_TX, type Tx, type TxEntry, decodeEvent } from '../immudb/wire.ts';
import { eventKey, positionOf } from '../../proofs/entry-proof.ts';
import { z } from 'zod';

type Check = (value: unknown) => boolean;

const texted =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const isUuid = texted(ACCOUNT_ID_PATTERN);
const isAmount = texted(AMOUNT_PATTERN);
const isPositive: Check = (value) => isAmount(value) && /[1-9]/.test(value as string);

/** Most texts are plain. */
const PLAIN = /^[\x20-\x7e]+$/;
const isText =
  (schema: z.ZodType, charactersMax: number): Check =>
  (value) =>
    (typeof value === 'string' && value.length <= charactersMax && PLAIN.test(value)) ||
    schema.safeParse(value).success;
const PLAIN_CHARACTERS_MAX = 100;
/** Every number of the contract is a count, from 2 on or less. */
const COUNT_MIN_MAX = 2;

/** Of the members that most events have; the contract's own schemas take ten times as long. */
const QUICK = new Map<unknown, Check>([
  [texts.amountText, isAmount],
  [texts.positiveAmountText, isPositive],
  [texts.currencyText, (value) => typeof value === 'string' && currencyOf(value) !== undefined],
  [texts.accountIdText, isUuid],
  [texts.holdIdText, isUuid],
  [texts.transferIdText, isUuid],
  ...[texts.storedTexts.description, texts.storedTexts.reference, texts.storedTexts.name].map(
    (schema): [unknown, Check] => [schema, isText(schema, PLAIN_CHARACTERS_MAX)],
  ),
]);

const DIGEST_CHARACTERS = 43;
/** Of the envelope; that the stream is one of this type follows from the key that it makes. */
const ENVELOPE: Readonly<Record<string, Check>> = {
  stream: (value) => typeof value === 'string' && STREAM_PATTERN.test(value),
  version: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  prev: (value) => typeof value === 'string' && value.length === DIGEST_CHARACTERS,
  schema: (value) => value === 1,
  type: (value) => typeof value === 'string',
};

function checkOf(schema: z.ZodType): Check {
  const quick = QUICK.get(schema);
  if (quick !== undefined) return quick;
  if (schema instanceof z.ZodObject) return membersCheck(schema.shape as Shape);
  if (schema instanceof z.ZodString && (schema.def.checks ?? []).length === 0) {
    return (value) => typeof value === 'string';
  }
  const isCount = schema instanceof z.ZodNumber;
  return (value) =>
    (isCount && Number.isSafeInteger(value) && (value as number) >= COUNT_MIN_MAX) ||
    schema.safeParse(value).success;
}

type Shape = Readonly<Record<string, z.ZodType>>;

/** All that are required, and none that is not known, as strict objects have them. */
function membersCheck(shape: Shape, quick: Readonly<Record<string, Check>> = {}): Check {
  const members = new Map<string, { readonly check: Check; readonly counts: number }>();
  let required = 0;
  for (const [name, schema] of Object.entries(shape)) {
    const isOptional = schema instanceof z.ZodOptional;
    const inner = isOptional ? (schema.unwrap() as z.ZodType) : schema;
    members.set(name, { check: quick[name] ?? checkOf(inner), counts: isOptional ? 0 : 1 });
    required += isOptional ? 0 : 1;
  }
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    let seen = 0;
    for (const name in value) {
      const known = members.get(name);
      if (known === undefined || !known.check(value[name as never])) return false;
      seen += known.counts;
    }
    return seen === required;
  };
}

const CHECKS = new Map<unknown, Check>();
for (const kind of bankEventSchema.options) {
  for (const one of 'options' in kind ? kind.options : [kind]) {
    CHECKS.set(one.shape.type.value, membersCheck(one.shape as Shape, ENVELOPE));
  }
}

/**
 * Whether a value has the shape of an event. It is derived from the contract's schema
 * (bankEventSchema) and takes a fifth of its time; an audit checks millions.
 */
export function isBankEvent(value: unknown): value is z.infer<typeof bankEventSchema> {
  if (typeof value !== 'object' || value === null) return false;
  return CHECKS.get((value as { readonly type?: unknown }).type)?.(value) === true;
}

/** One fault of the log. */
export interface Finding {
  readonly kind: AlarmKind;
  readonly subject: string;
  /** One sentence for a person: what is wrong, and where. */
  readonly detail: string;
}

/** A transaction as it was read; its values are missing when the disk does not have them. */
export interface AuditedTx extends Tx {
  readonly valuesLost?: true;
}

/** An event of a transaction. */
export interface AuditedEvent {
  readonly key: string;
  readonly position: number;
  readonly event: BankEvent;
  /** As it is stored. */
  readonly text: string;
  /** Of the stored bytes. */
  readonly digest: string;
}

/** The events of a transaction, and its faults. */
export interface AuditedEntries {
  readonly events: readonly AuditedEvent[];
  readonly findings: readonly Finding[];
}

/** How the keys of events begin. */
const STREAMS = STREAM_KINDS.map((kind) => `${kind}/`);

/**
 * The events of a transaction, and everything in it that the bank never writes: also an event that
 * no actor host signed.
 */
export function readEntries(tx: AuditedTx, isSigned: IsSigned): AuditedEntries {
  const { header, entries, valuesLost } = tx;
  const events: AuditedEvent[] = [];
  const findings: Finding[] = [];
  const signatures: string[] = [];
  const where = `in transaction ${header.id}`;
  const tampered = (subject: string, detail: string): void => {
    findings.push({ kind: 'tampered', subject, detail });
  };

  entries.forEach((entry, index) => {
    const key = entry.key.toString('latin1', 1);
    const marked = markOf(entry);
    if (marked !== undefined) return tampered(key, `${key} ${marked} ${where}.`);
    if (valuesLost === true) {
      const lost = `The value of ${key}, written ${where}, cannot be read`;
      return tampered(key, `${lost}: the log was changed on the disk there.`);
    }
    if (!hasHash(entry.value, entry.hValue)) {
      return tampered(key, `The value of ${key} ${where} is not the one that was hashed there.`);
    }
    if (key === SIGNATURES_KEY) {
      signatures.push(entry.value.toString('utf8', 1));
    } else if (STREAMS.some((start) => key.startsWith(start))) {
      const read = readEvent(key, entry, index);
      if (read === undefined)
        tampered(key, `What was written under ${key} ${where} is no event of it.`);
      else events.push({ key, position: positionOf(header.id, index), ...read });
    } else if (key !== GENESIS_KEY || header.id !== GENESIS_TX) {
      tampered(key, `The key ${JSON.stringify(key)} ${where} is none that the bank writes.`);
    }
  });
  if (valuesLost !== true) findings.push(...unsigned(tx, events, signatures, isSigned));
  return { events, findings };
}

/** The writer of the log has no key of an actor host, and so cannot make an event. */
function unsigned(
  { header: { id } }: AuditedTx,
  events: readonly AuditedEvent[],
  texts: readonly string[],
  isSigned: IsSigned,
): Finding[] {
  const digests: string[] = [];
  for (const { position, digest } of events) digests[position - positionOf(id, 0)] = digest;
  const read = texts.map((text) => decodeSignatures(text, digests));
  const right = read
    .flatMap((signatures) => signatures ?? [])
    .filter(({ signer, signature, digests: covered }) =>
      isSigned(signer, EVENTS_PURPOSE, signedDigests(covered), signature, id),
    );
  const covered = new Set(right.flatMap((signature) => signature.digests));
  const forged = events.filter(({ digest }) => !covered.has(digest));
  if (forged.length > 0) {
    return forged.map(({ key }) => {
      const detail = `${key} in transaction ${id} is forged: no actor host signed it.`;
      return { kind: 'forged', subject: key, detail };
    });
  }
  const isPlain = texts.length <= 1 && read.every((one) => one?.length === right.length);
  if (isPlain) return [];
  const detail = `The signatures in transaction ${id} are not as the bank writes them.`;
  return [{ kind: 'tampered', subject: `transaction ${id}`, detail }];
}

function markOf({ key, metadata }: TxEntry): string | undefined {
  if (metadata === null) return undefined;
  const isOfSignatures = key.toString('latin1', 1) === SIGNATURES_KEY;
  if (isOfSignatures && !metadata.deleted && metadata.expiration === null) return undefined;
  if (metadata.deleted) return 'was deleted: readers do not see it any more, which happened';
  if (metadata.expiration !== null) return 'was written so that it expires, which happened';
  return 'has metadata, which the bank never writes: it happened';
}

/**
 * The event under a key, undefined when it is not what an append writes there: the one text of an
 * event of this shape, for its key and its place.
 */
function readEvent(
  key: string,
  { value }: TxEntry,
  index: number,
): Pick<AuditedEvent, 'event' | 'text' | 'digest'> | undefined {
  const decoded = decodeEvent(value.subarray(1));
  if (decoded?.index !== index) return undefined;
  const text = decoded.json.toString();
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isBankEvent(event) || key !== eventKey(event.stream as never, event.version)) {
    return undefined;
  }
  if (event.id !== `${event.stream}/${event.version}`) return undefined;
  // Members twice, or in another order, would be read otherwise by others.
  if (!isCanonicalText(decoded.json, event)) return undefined;
  return { event, text, digest: eventDigest(decoded.json) };
}
