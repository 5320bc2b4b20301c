import type { KeyObject } from 'node:crypto';
import express from 'express';
import request from 'supertest';
import type { ExportedEvent, ReceiptDocument } from '../../contracts/log/receipts.ts';
import type { StreamId } from '../../domain/ids.ts';
import { finish } from '../../platform/http/http.ts';
import { createLogger } from '../../platform/logger.ts';
import { createLogWalk, versionsFault } from '../../proofs/log-walk.ts';
import { isFault } from '../../proofs/proof-fault.ts';
import { readState } from '../../proofs/proof-documents.ts';
import {
  beginsWith,
  consistencyFault,
  placedEvent,
  readReceipt,
  receiptFault,
} from '../../proofs/receipt.ts';
import { readPublicKey } from '../../proofs/signed-state.ts';
import { createStreamExport } from '../../proofs/stream-export.ts';
import { alarmBook, type Alarms } from '../alarms.ts';
import { eventKey } from '../../proofs/entry-proof.ts';
import type { LogProofs } from '../../contracts/log/log-proofs.ts';
import { eventOf, eventsOf, newAccount } from '../log/events-for-tests.ts';
import { immudbClient, type Ask } from './client.ts';
import { immudbExports } from './exports.ts';
import { BUILD_MS_MAX, startImmudb, type ImmudbForTests } from './immudb-for-tests.ts';
import { openImmudbLog, type ImmudbLog } from './log.ts';
import { immudbReceipts } from './receipts.ts';
import { proofRoutes } from '../log/routes.ts';

jest.setTimeout(60_000);

const VERSIONS = 12;
const silent = createLogger('test', 'error');
silent.silent = true;
let immudb: ImmudbForTests;
let alarms: Alarms;
let log: ImmudbLog;
let proofs: LogProofs;
let key: KeyObject;
let id: StreamId;

beforeAll(async () => {
  immudb = await startImmudb();
  key = readPublicKey(immudb.options.publicKey);
}, BUILD_MS_MAX);
beforeEach(async () => {
  alarms = alarmBook(silent);
  log = await openImmudbLog(immudb.options, alarms);
  const receipts = immudbReceipts({ log, publicKey: immudb.options.publicKey, alarms });
  proofs = { ...receipts, ...immudbExports(log, receipts) };
  id = newAccount();
  // Some in one transaction with others, some alone.
  await log.append([...eventsOf(id, 1, 4), ...eventsOf(newAccount(), 1, 7)]);
  for (let version = 5; version <= VERSIONS; version += 1) await log.append([eventOf(id, version)]);
});
afterEach(() => log.close());
afterAll(() => immudb.stop());

const stranger = async (name: string, request: object): Promise<void> => {
  const client = immudbClient(immudb.options);
  await (client.call as (name: string, request: object) => Promise<object>)(name, request);
  await client.close();
};
const carried = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const receiptOf = async (version: number): Promise<ReceiptDocument> => {
  const read = readReceipt(carried(await proofs.receipt(id, version)));
  if (isFault(read)) throw new Error(read.detail);
  return read;
};

describe('given events in the log', () => {
  test('then each has a receipt that proves it, the last one too', async () => {
    for (let version = 1; version <= VERSIONS; version += 1) {
      const receipt = await receiptOf(version);
      expect(receipt.event).toEqual(carried(eventOf(id, version)));
      expect(receiptFault(receipt, key)).toBeUndefined();
    }
    expect(alarms.list()).toEqual([]);
  });

  test('then more are given at once than immudb proves at once, while the log grows', async () => {
    const versions = Array.from({ length: 300 }, (_, index) => 1 + (index % VERSIONS));
    const asked = Promise.all(versions.map(receiptOf));
    await log.append([eventOf(id, VERSIONS + 1)]);
    for (const receipt of await asked) expect(receiptFault(receipt, key)).toBeUndefined();
  });

  test('then a version that is not there has none', async () => {
    expect(await proofs.receipt(id, VERSIONS + 1)).toBeUndefined();
    expect(await proofs.receipt(newAccount(), 1)).toBeUndefined();
  });

  test('when an event comes while it is looked for, then nothing is called erased', async () => {
    const ask: Ask = async (name, asked) => {
      if (name === 'History') await log.append([eventOf(id, VERSIONS + 1)]);
      return log.ask(name, asked);
    };
    const parts = { log: { ask, trust: log.trust }, publicKey: immudb.options.publicKey, alarms };
    const receipt = await immudbReceipts(parts).receipt(id, VERSIONS + 1);
    expect(receipt?.event.version).toBe(VERSIONS + 1);
    expect(alarms.list()).toEqual([]);
  });

  test('then states prove each other, from old to new', async () => {
    const receipt = await receiptOf(2);
    await log.append([eventOf(id, VERSIONS + 1)]);
    const proof = (await proofs.consistency(receipt.state.txId))!;
    expect(proof.to.txId).toBeGreaterThan(receipt.state.txId);
    expect(consistencyFault(carried(proof), key)).toBeUndefined();
    expect(beginsWith(proof, receipt)).toBeUndefined();
    expect(await proofs.consistency(proof.to.txId, receipt.state.txId)).toBeUndefined();
    expect(await proofs.consistency(1, proof.to.txId + 100)).toBeUndefined();
  });
});

describe('given a key of the log that a stranger changed', () => {
  test('when it was written again, then there is no receipt', async () => {
    const KVs = [{ key: Buffer.from(eventKey(id, 3)), value: Buffer.from('{"index":0}') }];
    await stranger('Set', { KVs, preconditions: [] });
    await expect(proofs.receipt(id, 3)).rejects.toThrow(/has revision 2/);
    expect(alarms.list().map(({ subject }) => subject)).toContain(eventKey(id, 3));
  });

  test('when it was deleted, then there is no receipt', async () => {
    await stranger('Delete', { keys: [Buffer.from(eventKey(id, 3))] });
    await expect(proofs.receipt(id, 3)).rejects.toThrow(/is missing/);
    expect(alarms.list().map(({ subject }) => subject)).toContain(eventKey(id, 3));
  });
});

test('given several questions, then a wrong event keeps no other from its receipt', async () => {
  await stranger('Delete', { keys: [Buffer.from(eventKey(id, 3))] });
  const app = express();
  proofRoutes(app, proofs);
  finish(app, silent);
  const events = [1, 3, VERSIONS + 1, VERSIONS].map((version) => ({ stream: id, version }));
  const { body } = await request(app).post('/log/receipts').send({ events });
  const [first, deleted, none, last] = body.receipts as unknown[];
  for (const receipt of [first, last].map(readReceipt)) {
    if (isFault(receipt)) throw new Error(receipt.detail);
    expect(receiptFault(receipt, key)).toBeUndefined();
  }
  expect([deleted, none]).toEqual([{ unavailable: expect.stringMatching(/is missing/) }, null]);
  const wrong = await request(app)
    .post('/log/receipts')
    .send({ events: [{ stream: id, version: 0 }] });
  expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid-request']);
});

describe('given an account that is exported', () => {
  const exportOf = async (period = {}) => {
    const header = carried((await proofs.exportHeader(id, period))!);
    const count = header.toVersion - header.fromVersion + 1;
    const items: ExportedEvent[] = [];
    while (items.length < count) {
      const from: number = header.fromVersion + items.length;
      const limit = Math.min(5, count - items.length);
      items.push(...carried(await proofs.exported(id, from, limit, header.state.txId)));
    }
    return { header, items };
  };
  const walked = async (upTo: number) => {
    const walk = createLogWalk(id);
    while (walk.txId() < upTo) {
      for (const transaction of carried(await proofs.walk(walk.txId() + 1))) {
        if (walk.txId() === upTo) break;
        const fault = walk.take(transaction);
        if (fault !== undefined) return fault;
      }
    }
    return walk;
  };

  test('then all its versions are proven, and the walk sees no other', async () => {
    const { header, items } = await exportOf();
    await log.append([eventOf(id, VERSIONS + 1)]);
    const check = createStreamExport(header, key);
    expect(check.begin()).toBeUndefined();
    for (const item of items) expect(check.take(item)).toBeUndefined();
    expect(check.end()).toMatchObject({
      events: VERSIONS,
      begins: 'first-event',
      ends: 'last-event',
    });
    const walk = await walked(header.state.txId);
    if (isFault(walk)) throw new Error(walk.detail);
    expect(walk.end(readState(header.state))).toBeUndefined();
    const claim = { latest: header.headVersion, stream: id };
    const shown = new Map(items.map((item) => [item.event.version, placedEvent(item)]));
    expect(versionsFault(walk.versions(), shown, claim)).toBeUndefined();
    const less = { ...claim, latest: claim.latest - 1 };
    expect(versionsFault(walk.versions(), shown, less)?.fault).toBe('missing');
  });

  test('when an event comes while a period to come is cut out, then it holds', async () => {
    const latestVersions = async (streams: readonly StreamId[]) => {
      const before = await log.latestVersions(streams);
      await log.append([eventOf(id, before[0]! + 1)]);
      return before;
    };
    const { ask, readVersions } = log;
    const receipts = immudbReceipts({ log, publicKey: immudb.options.publicKey, alarms });
    proofs = { ...receipts, ...immudbExports({ ask, latestVersions, readVersions }, receipts) };
    const { header, items } = await exportOf({ from: '2999-01-01T00:00:00Z' });
    const check = createStreamExport(header, key);
    expect(check.begin()).toBeUndefined();
    for (const item of items) expect(check.take(item)).toBeUndefined();
    expect(check.end()).toMatchObject({ events: 1, begins: 'before-period', ends: 'last-event' });
    // The walked log has what came between the header and the state.
    const walk = await walked(header.state.txId);
    if (isFault(walk)) throw new Error(walk.detail);
    const shown = new Map(items.map((item) => [item.event.version, placedEvent(item)]));
    const claim = { latest: header.headVersion, stream: id };
    expect(versionsFault(walk.versions(), shown, claim)).toBeUndefined();
  });

  test('when a version was written again, then the walk sees it', async () => {
    const { header } = await exportOf();
    const KVs = [{ key: Buffer.from(eventKey(id, 9)), value: Buffer.from('{}') }];
    await stranger('Set', { KVs, preconditions: [] });
    expect(await walked(header.state.txId + 1)).toMatchObject({ fault: 'rewritten' });
  });

  test('when a version was deleted, then the walk sees it and it cannot be exported', async () => {
    const { header } = await exportOf();
    await stranger('Delete', { keys: [Buffer.from(eventKey(id, 9))] });
    expect(await walked(header.state.txId + 1)).toMatchObject({ fault: 'erased' });
    await expect(exportOf()).rejects.toThrow(/0009 is missing/);
  });
});
