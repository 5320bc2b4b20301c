import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { IntegrationEvent } from '../../contracts/log/integration-events.ts';
import { freeInstance } from '../../runtime/supervisor/free-instance.ts';
import { startBank, type Bank } from '../../runtime/supervisor/bank.ts';
import { bankEventsUrl } from '../../runtime/programs/nats.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { eventStreamContract } from './event-stream-contract.ts';
import { BANK_EVENTS_STREAM, natsStream } from './nats-stream.ts';

const START_MS_MAX = 120_000;

const dataDir = mkdtempSync(join(tmpdir(), 'nats-stream-'));
let bank: Bank;
beforeAll(async () => {
  bank = await startBank({
    instance: await freeInstance(),
    dataDir,
    quiet: true,
    infrastructureOnly: true,
  });
}, START_MS_MAX);
afterAll(async () => {
  await bank.stop();
  rmSync(dataDir, { recursive: true, force: true });
}, START_MS_MAX);

const asAdmin = () =>
  connect({
    servers: `127.0.0.1:${bank.instance.ports.nats}`,
    user: 'admin',
    pass: loadSecrets(dataDir).natsAdmin,
  });

async function stored(): Promise<IntegrationEvent[]> {
  const connection = await asAdmin();
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(BANK_EVENTS_STREAM);
  const found: IntegrationEvent[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage(BANK_EVENTS_STREAM, { seq });
    if (message !== null) found.push(message.json<IntegrationEvent>());
  }
  await connection.close();
  return found;
}

async function expire(): Promise<void> {
  const connection = await asAdmin();
  const manager = await jetstreamManager(connection);
  await manager.streams.purge(BANK_EVENTS_STREAM);
  await connection.close();
}

describe('the public stream on NATS JetStream', () => {
  eventStreamContract(async () => {
    const url = bankEventsUrl(bank.instance, loadSecrets(dataDir));
    return { stream: natsStream(url), stored, expire };
  });
});
