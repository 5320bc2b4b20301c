import { memoryReadStore } from './memory-read-store.ts';
import { readStoreContract } from './read-store-contract.ts';

describe('the read store in memory', () => {
  const store = memoryReadStore();
  readStoreContract(() => store);
});
