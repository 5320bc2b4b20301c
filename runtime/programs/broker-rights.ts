import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The administrator: the runtime itself. */
export const ADMIN = 'admin';
/** Where its answers come; nobody else may listen there. */
export const ADMIN_INBOX = '_INBOX_ADMIN';
/** The only one that may put integration events on their stream: event-source, not its sidecar. */
export const PUBLISHER = 'integration-feed';
/** For consumers of integration events that have no sidecar: it reads them and nothing else. */
export const READER = 'reader';
const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

/** Each stream carries one topic of the bank. */
const STREAMS: Readonly<Record<string, string>> = {
  ACCOUNT_EVENTS: 'account-events',
  LEDGER: 'ledger',
  BANK_EVENTS: 'bank-events',
  AUDIT: 'audit',
  DEAD_COMMANDS: 'account-commands-dead',
  ACCOUNT_COMMANDS: 'account-commands',
  COMMAND_RESULTS: 'account-command-results',
};

/** For senders without a lane of their own, and for dead letters that are replayed. */
export const COMMANDS_SUBJECT = 'account-commands';
/** The streams of commands, lanes included: all of them begin so. */
export const COMMAND_STREAMS = 'ACCOUNT_COMMANDS';
/**
 * A lane: a topic of commands with a stream and a consumer of its own, so that nobody waits behind
 * what one sender has sent.
 */
const LANE = /^account-commands\.([a-z0-9]+(?:-[a-z0-9]+)*)$/;

const laneOf = (topic: string): string | undefined => {
  const [, name] = LANE.exec(topic) ?? [];
  return name && `${COMMAND_STREAMS}_${name.toUpperCase().replaceAll('-', '_')}`;
};

/** The durable consumer of an app; its messages come on a subject that only the app may hear. */
export interface AppConsumer {
  readonly stream: string;
  readonly topic: string;
  /** The app id, which is also the name of the consumer. */
  readonly app: string;
  readonly ackWaitSeconds: number;
  readonly maxAckPending: number;
}

/** What one user may do on the broker: subjects to publish on, and to subscribe to. */
interface BrokerUser {
  readonly name: string;
  /** Undefined for the administrator, who may do everything. */
  readonly rights?: { readonly publish: readonly string[]; readonly subscribe: readonly string[] };
}

/** What the component says of apps and topics. Everything on the broker follows from it. */
export interface BrokerPlan {
  readonly users: readonly BrokerUser[];
  readonly consumers: readonly AppConsumer[];
  /** The topic of each stream. */
  readonly streams: Readonly<Record<string, string>>;
}

interface Component {
  readonly scopes: readonly string[];
  readonly spec: {
    readonly metadata: readonly { readonly name: string; readonly value?: string }[];
  };
}

const streamOf = (topic: string): string => {
  const [found] = Object.entries(STREAMS).find(([, subject]) => subject === topic) ?? [];
  const stream = found ?? laneOf(topic);
  if (stream === undefined) throw new Error(`no stream carries the topic ${topic}`);
  return stream;
};

/** The streams for these topics and all that the bank always has. */
function streamsFor(published: readonly string[], subscribed: readonly string[]) {
  const lanes = [...new Set(published.filter((topic) => LANE.test(topic)))];
  const unread = lanes.find((topic) => !subscribed.includes(topic));
  if (unread !== undefined) throw new Error(`no app subscribes to ${unread}`);
  return { ...STREAMS, ...Object.fromEntries(lanes.map((topic) => [streamOf(topic), topic])) };
}

/** The beginning of the subjects on which an app is given its messages. */
export const deliverySubject = (app: string, rest: string): string => `deliver.${app}.${rest}`;

const scopes = (text: string): Map<string, readonly string[]> =>
  new Map(
    text.split(';').map((scope) => {
      const [app = '', topics = ''] = scope.split('=');
      return [app, topics.split(',').filter((topic) => topic !== '')];
    }),
  );

/**
 * The users and consumers of the bank's sidecars, as the text of components/bank-pubsub.yaml has
 * them. An app that its scopes do not name is given no topic.
 *
 * Dapr's component cannot choose the prefix of its inboxes. So no sidecar makes its own consumer:
 * it finds one that was made before, and messages come on a subject of the app's own. What is left
 * on the common inboxes is the broker's answers to publications, which tell nothing.
 */
export function brokerPlan(component: string): BrokerPlan {
  const { scopes: apps, spec } = parse(component) as Component;
  const value = (name: string): string =>
    spec.metadata.find((item) => item.name === name)?.value ?? '';
  const published = scopes(value('publishingScopes'));
  const subscribed = scopes(value('subscriptionScopes'));
  const consumers = apps.flatMap((app) =>
    (subscribed.get(app) ?? []).map((topic) => ({
      stream: streamOf(topic),
      topic,
      app,
      ackWaitSeconds: Number(value('ackWait').replace(/s$/, '')),
      maxAckPending: Number(value('maxAckPending')),
    })),
  );
  const sidecar = (app: string): BrokerUser => {
    const own = consumers.filter((consumer) => consumer.app === app);
    const lookUp = own.length === 0 ? [] : ['$JS.API.STREAM.NAMES'];
    return {
      name: app,
      rights: {
        publish: [
          ...(published.get(app) ?? []),
          ...lookUp,
          ...own.map(({ stream }) => `$JS.API.CONSUMER.INFO.${stream}.${app}`),
          ...own.map(({ stream }) => `$JS.ACK.${stream}.${app}.>`),
        ],
        subscribe: ['_INBOX.*.*', ...(own.length === 0 ? [] : [deliverySubject(app, '>')])],
      },
    };
  };
  const users = [{ name: ADMIN }, ...apps.map(sidecar), publisher, reader];
  const streams = streamsFor([...published.values()].flat(), [...subscribed.values()].flat());
  return { users, consumers, streams };
}

/** The same for the component of a checkout. */
export const brokerPlanOf = (root: string): BrokerPlan =>
  brokerPlan(readFileSync(join(root, 'components', 'bank-pubsub.yaml'), 'utf8'));

/** The topics that an app subscribes to. */
export const topicsOf = (root: string, app: string): string[] =>
  brokerPlanOf(root)
    .consumers.filter((consumer) => consumer.app === app)
    .map(({ topic }) => topic);

// Its inbox is its own, so that it cannot read answers to others.
const publisher: BrokerUser = {
  name: PUBLISHER,
  rights: {
    publish: [
      'bank-events',
      '$JS.API.STREAM.INFO.BANK_EVENTS',
      '$JS.API.STREAM.MSG.GET.BANK_EVENTS',
    ],
    subscribe: ['_INBOX_EVENT_SOURCE.>'],
  },
};

const readerCalls = ['CREATE', 'DURABLE.CREATE', 'INFO', 'MSG.NEXT'];
const reader: BrokerUser = {
  name: READER,
  rights: {
    publish: [
      ...readerCalls.map((call) => `$JS.API.CONSUMER.${call}.BANK_EVENTS.>`),
      '$JS.API.STREAM.INFO.BANK_EVENTS',
      '$JS.ACK.BANK_EVENTS.>',
    ],
    subscribe: ['_INBOX_READER.>'],
  },
};

/** What differs between a broker that the bank starts itself and one in a container. */
export interface BrokerPlace {
  readonly listen: string;
  readonly name: string;
  readonly storeDir: string;
  readonly passwordOf: (user: string) => string;
}

/** The configuration of nats-server, with its users and their rights. */
export function brokerConfiguration({ users }: BrokerPlan, place: BrokerPlace): string {
  const text = JSON.stringify;
  const lines = users.map(({ name, rights }) => {
    const login = `user: ${name}, password: "${place.passwordOf(name)}"`;
    if (rights === undefined) return `    { ${login} }`;
    const { publish, subscribe } = rights;
    const allowed = (subjects: readonly string[]): string =>
      subjects.length === 0 ? '{ deny: ">" }' : text(subjects);
    return `    { ${login},
      permissions: { publish: ${allowed(publish)}, subscribe: ${allowed(subscribe)} } }`;
  });
  return `listen: "${place.listen}"
server_name: "${place.name}"
max_payload: ${MESSAGE_BYTES_MAX}
jetstream { store_dir: ${text(place.storeDir)}, max_memory_store: 67108864 }
authorization {
  users = [
${lines.join('\n')}
  ]
}
`;
}
