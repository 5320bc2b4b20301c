import { join } from 'node:path';
import { decodeSignatures } from '../../contracts/log/event-signatures.ts';
import { encodeEvent } from '../../proofs/entry-proof.ts';
import { candidateOf } from '../log/append-plan.ts';
import { eventOf, newAccount } from '../log/events-for-tests.ts';
import { signedEvents } from '../log/signed-events-for-tests.ts';
import {
  appendRequest,
  genesisRequest,
  lastOfStream,
  transactionsFrom,
  valuesOf,
  type Call,
  type ImmudbCalls,
  type Tx,
  decodeEvent,
  eventsOf,
} from './wire.ts';
import { immudbService } from './client.ts';

const service = immudbService(join(process.cwd(), 'event-source', 'immudb', 'immudb.proto'));

// The encoder drops members that the message does not have, so what comes back must be equal.
function overTheWire<Name extends Call>(name: Name, request: ImmudbCalls[Name][0]): object {
  const { requestSerialize, requestDeserialize } = service[name]!;
  return requestDeserialize(requestSerialize(request)) as object;
}

describe('requests to immudb', () => {
  const id = newAccount();
  const write = (version: number) => candidateOf(eventOf(id, version));

  test('given an append, then each key and each precondition arrives', () => {
    const request = appendRequest([write(7), write(8)]);
    expect(overTheWire('Set', request)).toMatchObject(request);
    const name = (version: number) => `${id}/000000000000000${version}`;
    expect(request.KVs.map(({ key }) => key.toString())).toEqual([name(7), name(8)]);
    expect(request.KVs[1]!.value.toString()).toMatch(/^\{"index":1,"event":\{"at":.*\}\}$/);
    const key = (text: string) => ({ key: Buffer.from(text) });
    expect(request.preconditions).toEqual([
      { keyNotModifiedAfterTX: { ...key(name(7)), txID: 1 } },
      { keyMustExist: key(name(6)) },
      { keyNotModifiedAfterTX: { ...key(name(8)), txID: 1 } },
    ]);
  });

  test('given signed events, then who signed them is one more entry, which is in no index', () => {
    const signed = signedEvents([eventOf(id, 7), eventOf(id, 8), eventOf(id, 9)]);
    const of = new Map(signed.map(({ event, signature }) => [event, signature]));
    const written = signed.slice(1).map(({ event }) => candidateOf(event));
    const request = appendRequest(written, (event) => of.get(event));
    expect(overTheWire('Set', request)).toMatchObject(request);
    const { key, value, metadata } = request.KVs.at(-1)!;
    expect([key.toString(), metadata, request.KVs.length]).toEqual([
      'signatures',
      { nonIndexable: true },
      3,
    ]);
    const { signer, signature, digests } = signed[0]!.signature;
    expect(JSON.parse(value.toString())).toEqual({
      signatures: [{ signer, signature, events: [digests[0], 0, 1] }],
    });
    const here = written.map(({ digest }) => digest);
    expect(decodeSignatures(value.toString(), here)).toEqual([{ signer, signature, digests }]);
  });

  test('given a misspelt member, then this test would notice', () => {
    const { KVs, preconditions } = appendRequest([write(1)]);
    const wrong = { KVs, precondition: preconditions } as unknown as ImmudbCalls['Set'][0];
    expect(overTheWire('Set', wrong)).not.toMatchObject(wrong);
  });

  test('given every other call, then its request arrives whole', () => {
    const key = Buffer.from('k');
    const requests: { [Name in Call]?: ImmudbCalls[Name][0] } = {
      OpenSession: { username: key, password: key, databaseName: 'corebank' },
      Set: genesisRequest('meta/genesis', '{}'),
      Get: { key },
      GetAll: valuesOf(['k', 'l']),
      Scan: lastOfStream(id),
      TxScan: transactionsFrom(7, 16, true),
      History: { key, limit: 1 },
    };
    for (const [name, request] of Object.entries(requests)) {
      expect(overTheWire(name as Call, request)).toMatchObject(request);
    }
  });
});

describe('events at rest in immudb', () => {
  const json = '{"data":{"description":"a}\\",\\"event\\":{ž"}}';

  test('given an event, then its bytes come back as they were', () => {
    for (const index of [0, 7, 499, 65_535]) {
      const decoded = decodeEvent(encodeEvent(index, json))!;
      expect([decoded.index, decoded.json.toString()]).toEqual([index, json]);
    }
  });

  test.each([
    '',
    '{}',
    'x',
    '{"index":1}',
    '{"index":-1,"event":{}}',
    '{"index":,"event":{}}',
    '{"index":123456,"event":{}}',
    '{"index":1,"event":{}',
    '{"index":1,"Event":{}}',
  ])('given the stranger %p, then it is no event', (text) => {
    expect(decodeEvent(Buffer.from(text))).toBeUndefined();
  });

  test('given a transaction with a stranger, then only what the log wrote is an event', () => {
    const raw = (text: string) => Buffer.concat([Buffer.from([0]), Buffer.from(text)]);
    const entry = (key: string, value: string | Buffer, metadata = null) => ({
      key: raw(key),
      value: raw(value.toString()),
      hValue: Buffer.alloc(0),
      metadata,
    });
    const deleted = { deleted: true, expiration: null } as unknown as null;
    const entries = [
      entry('acct/a/1', encodeEvent(0, json)),
      entry('acct/a/2', encodeEvent(0, json)),
      entry('acct/a/3', encodeEvent(2, json), deleted),
      entry('acct/a/4', 'x'),
      entry('meta/x', '{}'),
      entry('person/a/1', encodeEvent(5, json)),
      entry('refusal/a/1', encodeEvent(6, json)),
      entry('acct/a/5', encodeEvent(7, '{"a":}')),
    ];
    const foreign: string[] = [];
    const header = { id: 9 } as Tx['header'];
    const events = eventsOf({ header, entries }, (key) => foreign.push(key));
    expect(events.map(({ position }) => position)).toEqual([0, 5, 6].map((at) => 9 * 65_536 + at));
    expect(foreign).toEqual(['acct/a/2', 'acct/a/3', 'acct/a/4', 'acct/a/5']);
  });
});
