import { eventStreamContract } from './event-stream-contract.ts';
import { memoryStream } from './memory-stream.ts';

describe('the public stream in memory', () => {
  eventStreamContract(async () => {
    const stream = memoryStream();
    return { stream, stored: async () => stream.stored(), expire: async () => stream.expire() };
  });
});
