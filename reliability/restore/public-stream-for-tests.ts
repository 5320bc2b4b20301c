import { jetstreamManager } from '@nats-io/jetstream';
import type { Instance } from '../../runtime/instance.ts';
import { asAdmin } from '../../runtime/programs/nats.ts';
import { loadSecrets } from '../../runtime/secrets.ts';

/** What the stream of integration events has, the number of its last one, and its age. */
export const publicStream = (instance: Instance) =>
  asAdmin(instance, loadSecrets(instance.dataDir), async (connection) => {
    const { streams } = await jetstreamManager(connection);
    const { state, created } = await streams.info('BANK_EVENTS');
    return { events: state.messages, last: state.last_seq, madeAt: Date.parse(created) };
  });
