import { CommunicationProtocolEnum, DaprClient } from '@dapr/dapr';

/** Where the sidecar is. `httpPort` is its HTTP port, `host` 127.0.0.1 when missing. */
export interface PublisherOptions {
  readonly httpPort: number;
  readonly apiToken: string;
  readonly host?: string;
}

const PUBLISH_MS_MAX = 5_000;

/**
 * Publishes through the sidecar with the Dapr SDK, which itself neither rejects nor has a time-out.
 * `publish` rejects unless the broker took the message within 5 s.
 */
export function publisher(options: PublisherOptions) {
  const client = new DaprClient({
    daprHost: options.host ?? process.env['DAPR_HOST'] ?? '127.0.0.1',
    daprPort: String(options.httpPort),
    communicationProtocol: CommunicationProtocolEnum.HTTP,
    daprApiToken: options.apiToken,
    logger: { level: 0 },
  });
  return {
    /** The sidecar makes a CloudEvent of the data, unless it is one as the type says. */
    async publish(
      pubsub: string,
      topic: string,
      data: object,
      contentType: 'application/json' | 'application/cloudevents+json' = 'application/json',
    ): Promise<void> {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        const say = () => reject(new Error(`publishing to ${topic} took too long`));
        timer = setTimeout(say, PUBLISH_MS_MAX);
      });
      try {
        const sent = client.pubsub.publish(pubsub, topic, data, { contentType });
        const { error } = await Promise.race([sent, late]);
        if (error !== undefined) throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    /** Ends the SDK's client. */
    close: (): Promise<void> => client.stop(),
  };
}
