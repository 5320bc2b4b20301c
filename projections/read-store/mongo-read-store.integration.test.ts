import { READ_SIDE_MS_MAX, startReadSide } from '../../runtime/programs/read-side-for-tests.ts';
import type { ReadSideForTests } from '../../runtime/programs/read-side-for-tests.ts';
import { mongoReadStore } from './mongo-read-store.ts';
import { readStoreContract } from './read-store-contract.ts';

describe('the read store on FerretDB', () => {
  let server: ReadSideForTests;
  let store: ReturnType<typeof mongoReadStore>;
  beforeAll(async () => {
    server = await startReadSide();
    store = mongoReadStore(server.url);
  }, READ_SIDE_MS_MAX);
  afterAll(async () => {
    await store.close();
    await server.stop();
  });
  readStoreContract(() => store);
});
