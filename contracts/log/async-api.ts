import { z } from 'zod';
import { jsonSchema } from '../http/openapi-schemas.ts';
import { batchItem } from '../batch/batches.ts';
import {
  COMMAND_RESULT_TYPE,
  commandEvent,
  commandResultData,
  DEAD_COMMAND_TYPE,
  deadCommandData,
} from '../batch/command-messages.ts';
import { integrationEventSchemas } from './integration-events.ts';
import * as topics from './topics.ts';

const CLOUD_EVENTS = 'application/cloudevents+json';

/** A message of a topic: its name, what it is for, and its schema. */
interface Message {
  readonly name: string;
  readonly summary: string;
  readonly payload: z.ZodType;
  readonly io: 'input' | 'output';
}
/** A topic, and what the bank does with its messages. */
interface Topic {
  readonly address: string;
  readonly description: string;
  readonly action: 'send' | 'receive';
  readonly id: string;
  readonly messages: readonly Message[];
}

const ownEvent = (type: string, data: z.ZodType): z.ZodType =>
  z.looseObject({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.literal(type),
    time: z.iso.datetime(),
    datacontenttype: z.literal('application/json'),
    subject: z.string().optional(),
    causationid: z.string().optional(),
    causationsource: z.string().optional(),
    data,
  });

const command: Message = {
  name: 'command',
  summary: 'A command for an account, with the signature of its producer',
  payload: commandEvent.extend({ data: batchItem }),
  io: 'input',
};

/** Every topic that other systems may use. */
const TOPICS: readonly Topic[] = [
  {
    address: topics.BANK_EVENTS_TOPIC,
    description: 'Every event of the log as a CloudEvent, in order for each subject',
    action: 'send',
    id: 'sendBankEvents',
    messages: [...integrationEventSchemas].map(([name, payload]) => ({
      name,
      summary: `The event ${name}`,
      payload,
      io: 'input',
    })),
  },
  {
    address: topics.ACCOUNT_COMMANDS_TOPIC,
    description: 'Commands for accounts; each is answered on the topic of results',
    action: 'receive',
    id: 'receiveCommand',
    messages: [command],
  },
  {
    address: topics.BULK_COMMANDS_TOPIC,
    description: 'The same, for who sends many at once: nobody else waits behind them',
    action: 'receive',
    id: 'receiveBulkCommand',
    messages: [command],
  },
  {
    address: topics.COMMAND_RESULTS_TOPIC,
    description: 'The result of each command that came as a message',
    action: 'send',
    id: 'sendCommandResults',
    messages: [
      {
        name: COMMAND_RESULT_TYPE,
        summary: 'The result of a command',
        payload: ownEvent(COMMAND_RESULT_TYPE, commandResultData),
        io: 'output',
      },
    ],
  },
  {
    address: topics.DEAD_COMMANDS_TOPIC,
    description: 'Messages that can never be executed as they are, for operators',
    action: 'send',
    id: 'sendDeadCommands',
    messages: [
      {
        name: DEAD_COMMAND_TYPE,
        summary: 'A message that cannot be executed, and why',
        payload: ownEvent(DEAD_COMMAND_TYPE, deadCommandData),
        io: 'output',
      },
    ],
  },
];

const messageOf = ({ name, summary, payload, io }: Message): object => {
  const schema = jsonSchema(payload, io, 'draft-7');
  return { name, title: name, summary, contentType: CLOUD_EVENTS, payload: schema };
};
const nameOf = ({ name }: Message): string => name;

const channelOf = ({ address, description, messages }: Topic): object => ({
  address,
  description,
  messages: Object.fromEntries(
    messages.map(nameOf).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
  ),
});

function operationOf({ address, action, description, messages }: Topic): object {
  const channel = `#/channels/${address}`;
  return {
    action,
    description,
    channel: { $ref: channel },
    messages: messages.map(nameOf).map((name) => ({ $ref: `${channel}/messages/${name}` })),
  };
}

/**
 * The topics of the bank as an AsyncAPI document (3.1), from the contracts. What the bank sends
 * others receive. Dapr's pub/sub component is the server; what broker stands behind it is the
 * installation's.
 */
export function asyncApi(): object {
  const messages = new Map(TOPICS.flatMap((topic) => topic.messages.map((one) => [one.name, one])));
  return {
    asyncapi: '3.1.0',
    id: 'urn:core-bank:topics',
    info: {
      title: 'Core Bank: topics',
      version: '1',
      description: 'Messages are CloudEvents 1.0. Consumers ignore members that they do not know.',
      contact: { name: 'Core Bank' },
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      tags: [{ name: 'topics', description: 'What other systems may send and receive' }],
    },
    defaultContentType: CLOUD_EVENTS,
    servers: {
      [topics.PUBSUB]: {
        host: '127.0.0.1:4222',
        protocol: 'nats',
        description: 'The broker behind the Dapr component of this name',
      },
    },
    channels: Object.fromEntries(TOPICS.map((topic) => [topic.address, channelOf(topic)])),
    operations: Object.fromEntries(TOPICS.map((topic) => [topic.id, operationOf(topic)])),
    components: {
      messages: Object.fromEntries([...messages].map(([name, one]) => [name, messageOf(one)])),
    },
  };
}
