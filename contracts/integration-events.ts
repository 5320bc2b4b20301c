import { z } from 'zod';
import { loggedEventSchema, type LoggedEvent } from './events.ts';
import { positionNumber } from './topics.ts';

/** Which kind of thing a stream of the log tells of; it becomes part of the published type. */
const AGGREGATES: Readonly<Record<string, string>> = { acct: 'account' };

type MembersOf<Data> = Data extends Data ? keyof Data : never;
type DataMember = MembersOf<LoggedEvent['data']>;

/**
 * Which members of an event's data the public may read. What a person typed stays inside, and so
 * does who owns an account. A new member does not compile until somebody decides here.
 */
const MAY_LEAVE: Readonly<Record<DataMember, boolean>> = {
  amount: true,
  balance: true,
  currency: true,
  overdraftLimit: true,
  description: false,
  metadata: false,
  name: false,
  ownerId: false,
  reference: false,
};

/** A CloudEvent 1.0 in JSON format, as it stands on the topic `bank-events`. */
export interface IntegrationEvent {
  readonly specversion: '1.0';
  /** `stream/version`: the same event has the same id for ever. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** The account's id. */
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

const published = (members: object): [string, unknown][] =>
  Object.entries(members).filter(([name]) => (MAY_LEAVE as Record<string, boolean>)[name]);

const typeOf = (aggregate: string, type: string, schema: number): string =>
  `bank.${aggregate}.${type}.v${schema}`;

/** What the public reads of an event of the log; `source` names the bank. */
export function integrationEventOf(
  event: LoggedEvent,
  position: number,
  source: string,
): IntegrationEvent {
  const slash = event.stream.indexOf('/');
  const aggregate = AGGREGATES[event.stream.slice(0, slash)];
  if (aggregate === undefined) throw new Error(`${event.id} belongs to no known aggregate`);
  const { version, commandId, causationId, traceparent } = event;
  return {
    specversion: '1.0',
    id: event.id,
    source,
    type: typeOf(aggregate, event.type, event.schema),
    subject: event.stream.slice(slash + 1),
    time: event.at,
    datacontenttype: 'application/json',
    ...(traceparent === undefined ? {} : { traceparent }),
    data: {
      version,
      position,
      commandId,
      ...(causationId === undefined ? {} : { causationId }),
      ...Object.fromEntries(published(event.data)),
    },
  };
}

const ANY_ID = '00000000-0000-8000-8000-000000000000';

/** The option's own schema says to which kind of stream its events belong. */
function aggregateOf({ shape }: (typeof loggedEventSchema.options)[number]): string {
  const found = Object.entries(AGGREGATES).find(
    ([prefix]) => shape.stream.safeParse(`${prefix}/${ANY_ID}`).success,
  );
  if (found === undefined) throw new Error(`${shape.type.value} belongs to no known aggregate`);
  return found[1];
}

type Option = (typeof loggedEventSchema.options)[number];

function schemaOf(option: Option, version: number): readonly [string, z.ZodType] {
  const { id, commandId, causationId, traceparent, version: count } = option.shape;
  const type = typeOf(aggregateOf(option), option.shape.type.value, version);
  const members = published(option.shape.data.shape) as [string, z.ZodType][];
  const data = z.strictObject({
    version: count.meta({ description: 'events of the subject so far: without a hole' }),
    position: positionNumber.meta({ description: 'place in the log: strictly increasing' }),
    commandId: commandId.meta({ description: "the command's Idempotency-Key" }),
    causationId,
    ...Object.fromEntries(members),
  });
  const schema = z.strictObject({
    specversion: z.literal('1.0'),
    id: id.meta({ description: 'stream/version: drop what has an id that was seen' }),
    source: z.string().min(1).meta({ format: 'uri-reference', description: 'names the bank' }),
    type: z.literal(type),
    subject: z.string().min(1).meta({ description: 'id of the account' }),
    time: z.string().meta({ format: 'date-time', description: 'when the bank decided it' }),
    datacontenttype: z.literal('application/json'),
    traceparent: traceparent.meta({ description: 'W3C trace context of the request' }),
    data,
  });
  return [type, schema];
}

/** The published shape of every type of event that the log knows, by its published type. */
export const integrationEventSchemas: ReadonlyMap<string, z.ZodType> = new Map(
  loggedEventSchema.options.flatMap((option) =>
    [...option.shape.schema.values].map((version) => schemaOf(option, version)),
  ),
);
