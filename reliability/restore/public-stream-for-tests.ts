import { jetstreamManager } from '@nats-io/jetstream';
import type { Instance } from '../../runtime/instance.ts';
import { connectAsAdmin } from '../../runtime/nats.ts';
import { loadSecrets } from '../../runtime/secrets.ts';

/** What the stream of integration events has, the number of its last one, and its age. */
export async function publicStream(instance: Instance) {
  const connection = await connectAsAdmin(instance, loadSecrets(instance.dataDir));
  try {
    const { streams } = await jetstreamManager(connection);
    const { state, created } = await streams.info('BANK_EVENTS');
    return { events: state.messages, last: state.last_seq, madeAt: Date.parse(created) };
  } finally {
    await connection.close();
  }
}
