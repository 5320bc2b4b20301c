import { readFileSync, rmSync } from 'node:fs';
import { copyOwned } from '../../runtime/programs/instance-for-tests.ts';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  alarmsAnswer,
  auditMessage,
  auditStatus,
  type AuditMessage,
} from '../../contracts/log/audit.ts';
import { readCheckpoint, readCheckpoints } from '../../proofs/audit-checkpoint.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { readPublicKey } from '../../proofs/signed-state.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { publicKeyFile } from '../../runtime/signing-keys.ts';
import { bankUnderTest, violationsWithin, type BankUnderTest } from '../faults/bank-under-test.ts';
import { bankFetch } from '../faults/bank-fetch.ts';

const STREAM = 'AUDIT';
const PATIENCE_MS = 30_000;

let house: BankUnderTest;
jest.setTimeout(180_000);
beforeAll(async () => {
  house = await bankUnderTest();
});
afterAll(() => house.close());

/** All messages of the topic, each of the shape that the contract says. */
async function published(): Promise<AuditMessage[]> {
  const { ports, dataDir } = house.bank.instance;
  const connection = await connect({
    servers: `127.0.0.1:${ports.nats}`,
    user: 'admin',
    pass: loadSecrets(dataDir).natsAdmin,
  });
  try {
    const manager = await jetstreamManager(connection);
    const { first_seq, last_seq } = (await manager.streams.info(STREAM)).state;
    const all: AuditMessage[] = [];
    for (let seq = first_seq; seq <= last_seq; seq += 1) {
      const message = await manager.streams.getMessage(STREAM, { seq });
      if (message === null) throw new Error(`message ${seq} of ${STREAM} is gone`);
      all.push(auditMessage.parse(message.json<{ data: unknown }>().data));
    }
    return all;
  } finally {
    await connection.close();
  }
}
const eventually = async (wrong: string, isTrue: () => Promise<boolean>): Promise<void> => {
  const left = await violationsWithin(PATIENCE_MS, async () => ((await isTrue()) ? [] : [wrong]));
  expect(left).toEqual([]);
};
const asked = async (url: string): Promise<{ status: number; body: unknown }> => {
  const response = await bankFetch(url);
  return { status: response.status, body: (await response.json()) as unknown };
};
const readiness = async () => (await house.bank.health('event-source')) as { status?: string };

test('checkpoints on the topic are signed by the auditor and follow each other', async () => {
  await house.openAccounts(3);
  await eventually('no checkpoint', async () =>
    (await published()).some(({ type }) => type === 'checkpoint'),
  );
  const key = readPublicKey(
    readFileSync(publicKeyFile(house.bank.instance.dataDir, 'audit'), 'utf8'),
  );
  const lines: string[] = [];
  for (const { type, ...signed } of await published()) {
    expect(type).toBe('checkpoint');
    lines.push(JSON.stringify(signed));
    const read = readCheckpoint(JSON.stringify(signed), key);
    if (isFault(read)) throw new Error(read.detail);
    expect(read.checkpoint).toMatchObject({ verdict: 'balanced', violations: 0 });
    const changed = { ...read, checkpoint: { ...read.checkpoint, events: 1_000_000 } };
    const found = readCheckpoint(JSON.stringify(changed), key);
    expect(found).toMatchObject({ fault: 'signature-foreign' });
  }
  expect(readCheckpoints(lines, key)).toHaveLength(lines.length);
});

test('a rolled-back log is reported everywhere, after a restart too, until it ends', async () => {
  const { bank, queryUrl } = house;
  const data = join(bank.instance.dataDir, 'immudb', 'data');
  await bank.takeDown('immudb');
  copyOwned(data, `${data}-old`);
  await bank.bringUp('immudb');
  await house.openAccounts(3);
  await eventually('the log did not grow', async () => {
    const { body } = await asked(`${queryUrl}/v1/audit/status`);
    const status = auditStatus.parse(body);
    return status.accounts === 6 && status.position === status.head;
  });
  // The trusted state is written a moment after the append.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await bank.takeDown('immudb');
  copyOwned(data, `${data}-new`);
  rmSync(data, { recursive: true });
  copyOwned(`${data}-old`, data);
  await bank.bringUp('immudb');

  const told = async (): Promise<boolean> => {
    const health = await readiness();
    const alarms = alarmsAnswer.parse((await asked(`${queryUrl}/v1/audit/alarms`)).body);
    const isNamed = alarms.items.some(({ kind }) => kind === 'rolled-back');
    const metrics = await (await fetch(`${house.bank.urls['event-source']}/metrics`)).text();
    const isCounted = /^core_bank_alarms\{kind="rolled-back"\} [1-9]/m.test(metrics);
    const isSaid = JSON.stringify(health).includes('rolled back');
    return health.status === 'not-ready' && isSaid && isNamed && isCounted;
  };
  await eventually('health and alarms do not tell', told);
  await eventually('the topic does not tell', async () =>
    (await published()).some((one) => one.type === 'alarm' && one.alarm.kind === 'rolled-back'),
  );
  // The process that saw it is gone; the one that comes does not open the log, and tells.
  bank.kill('event-source', 'SIGKILL');
  await eventually('it does not tell after its restart', async () => {
    const answer = auditStatus.safeParse((await asked(`${queryUrl}/v1/audit/status`)).body);
    return answer.data?.phase === 'waiting' && /rolled back/.test(answer.data.says);
  });
  expect(await told()).toBe(true);

  await bank.takeDown('immudb');
  rmSync(data, { recursive: true });
  copyOwned(`${data}-new`, data);
  await bank.bringUp('immudb');
  await eventually('it does not come back', async () => (await readiness()).status === 'ready');
  await house.openAccounts(1);
  await eventually('the audit does not go on', async () => {
    const { accounts, verdict } = auditStatus.parse(
      (await asked(`${queryUrl}/v1/audit/status`)).body,
    );
    return accounts === 7 && verdict === 'balanced';
  });
});
