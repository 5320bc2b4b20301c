import { z } from 'zod';
import { SHOWN, type EventMember } from '../account/events.ts';
import { bankEventSchema, type BankEvent } from './bank-events.ts';
import { positionNumber } from './topics.ts';

/** Which kind of thing a stream of the log tells of; it becomes part of the published type. */
const AGGREGATES: Readonly<Record<string, string>> = {
  acct: 'account',
  person: 'person',
  refusal: 'refusal',
  approval: 'approval',
};

// An event without data has the type of a record, whose members could be any.
type MembersOf<Data> = Data extends Data ? (string extends keyof Data ? never : keyof Data) : never;
type DataMember = MembersOf<BankEvent['data']>;

/** Which members the public may read of events that are of no account; see SHOWN for those. */
const OF_OTHERS: Readonly<Record<Exclude<DataMember, EventMember>, boolean>> = {
  // A record of a refusal holds codes, ids and amounts only.
  command: true,
  refusal: true,
  seen: true,
  dayIsFull: false,
  sealed: false,
  about: true,
  // What a client typed may be in it.
  asked: false,
  owner: false,
  ifMatch: false,
};
const mayLeave = (name: DataMember): boolean | 'codes' =>
  name in OF_OTHERS ? OF_OTHERS[name as keyof typeof OF_OTHERS] : SHOWN[name as EventMember].public;

/** A CloudEvent 1.0 in JSON format, as published on the topic `bank-events`. */
export interface IntegrationEvent {
  readonly specversion: '1.0';
  /** `stream/version`: the same event always has the same id. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** The id of the account or person; of a record of a refusal `{accountId}/refusals`. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly traceparent?: string;
  readonly data: Readonly<Record<string, unknown>> & {
    readonly version: number;
    readonly position: number;
    readonly commandId: string;
    readonly causationId?: string;
  };
}

type Option = (typeof bankEventSchema.options)[number]['options'][number];
const options = bankEventSchema.options.flatMap((kind): readonly Option[] => kind.options);

/** The members of a type's data that may leave, with their schemas. */
function publishedOf(option: Option): [DataMember, z.ZodType][] {
  const members = Object.entries(option.shape.data.shape) as [DataMember, z.ZodType][];
  return members.filter(([name, schema]) => {
    const may = mayLeave(name);
    return may === 'codes' ? schema instanceof z.ZodEnum : may;
  });
}

const published: ReadonlyMap<string, readonly string[]> = new Map(
  options.map((option) => [option.shape.type.value, publishedOf(option).map(([name]) => name)]),
);

const typeOf = (aggregate: string, type: string, schema: number): string =>
  `bank.${aggregate}.${type}.v${schema}`;

/** Whose versions these are: a subject has no hole, so the refusals of an account are their own. */
const subjectOf = (aggregate: string, id: string): string =>
  aggregate === 'refusal' ? `${id}/refusals` : id;

/**
 * What is published of an event of the log.
 * @param position the position in the log.
 * @param source names the bank.
 * @throws Error for an event of an unknown stream or type.
 */
export function integrationEventOf(
  event: BankEvent,
  position: number,
  source: string,
): IntegrationEvent {
  const slash = event.stream.indexOf('/');
  const aggregate = AGGREGATES[event.stream.slice(0, slash)];
  const names = published.get(event.type);
  if (aggregate === undefined || names === undefined) {
    throw new Error(`${event.id} is of no kind that can be published`);
  }
  const { version, commandId, causationId, traceparent } = event;
  const members = Object.entries(event.data).filter(([name]) => names.includes(name));
  return {
    specversion: '1.0',
    id: event.id,
    source,
    type: typeOf(aggregate, event.type, event.schema),
    subject: subjectOf(aggregate, event.stream.slice(slash + 1)),
    time: event.at,
    datacontenttype: 'application/json',
    ...(traceparent === undefined ? {} : { traceparent }),
    data: {
      version,
      position,
      commandId,
      ...(causationId === undefined ? {} : { causationId }),
      ...Object.fromEntries(members),
    },
  };
}

/**
 * Takes the place of an event of the log that the bank did not write, so that the numbers of the
 * stream go on; nothing of its content is published.
 */
export const unreadableEvent = (position: number, source: string): IntegrationEvent => ({
  specversion: '1.0',
  id: `position/${position}`,
  source,
  type: UNREADABLE,
  subject: 'log',
  time: new Date(0).toISOString(),
  datacontenttype: 'application/json',
  data: { version: 0, position, commandId: '' },
});
const UNREADABLE = 'bank.log.event-unreadable.v1';

const ANY_ID = '00000000-0000-8000-8000-000000000000';

/** The option's own schema says to which kind of stream its events belong. */
function aggregateOf({ shape }: Option): string {
  const found = Object.entries(AGGREGATES).find(
    ([prefix]) => shape.stream.safeParse(`${prefix}/${ANY_ID}`).success,
  );
  if (found === undefined) throw new Error(`${shape.type.value} belongs to no known aggregate`);
  return found[1];
}

/** Open for new members: a consumer ignores what it does not know. */
function schemaOf(option: Option, version: number): readonly [string, z.ZodType] {
  const { id, commandId, causationId, traceparent, version: count } = option.shape;
  const aggregate = aggregateOf(option);
  const type = typeOf(aggregate, option.shape.type.value, version);
  const subject = aggregate === 'refusal' ? '{accountId}/refusals' : `id of the ${aggregate}`;
  const data = z.object({
    version: count.meta({ description: 'events of the subject so far: without a hole' }),
    position: positionNumber.meta({ description: 'place in the log: strictly increasing' }),
    commandId: commandId.meta({
      description: "the command's Idempotency-Key, or an id of the bank with causationId beside it",
    }),
    causationId,
    ...Object.fromEntries(publishedOf(option)),
  });
  const schema = z.object({
    specversion: z.literal('1.0'),
    id: id.meta({ description: 'stream/version: drop what has an id that was seen' }),
    source: z.string().min(1).meta({ format: 'uri-reference', description: 'names the bank' }),
    type: z.literal(type),
    subject: z.string().min(1).meta({ description: subject }),
    time: z.string().meta({ format: 'date-time', description: 'when the bank decided it' }),
    datacontenttype: z.literal('application/json'),
    traceparent: traceparent.meta({ description: 'W3C trace context of the request' }),
    data,
  });
  return [type, schema];
}

/** The published schema of every type of event, by its published type. */
export const integrationEventSchemas: ReadonlyMap<string, z.ZodType> = new Map(
  options.flatMap((option) =>
    [...option.shape.schema.values].map((version) => schemaOf(option, version)),
  ),
);
