import { join } from 'node:path';
import { candidateOf } from '../log/append-plan.ts';
import { eventOf, newAccount } from '../log/events-for-tests.ts';
import {
  appendRequest,
  genesisRequest,
  lastOfStream,
  transactionsFrom,
  valuesOf,
  type Call,
  type ImmudbCalls,
} from './calls.ts';
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
