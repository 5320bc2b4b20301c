import { eventLogContract } from './event-log-contract.ts';
import type { EventLog } from './event-log.ts';
import { memoryLog } from './memory-log.ts';

describe('the log in memory', () => {
  let shared: EventLog;
  beforeEach(() => {
    shared = memoryLog();
  });
  eventLogContract(async () => (shared ??= memoryLog()));
});
