import { createLogger } from '../../platform/logger.ts';
import { alarmBook } from '../alarms.ts';
import { candidateOf } from '../log/append-plan.ts';
import { eventKey } from '../../proofs/entry-proof.ts';
import { eventOf, newAccount } from '../log/events-for-tests.ts';
import type { Entry } from './wire.ts';
import type { ImmudbClient } from './client.ts';
import { findErased } from './writer.ts';
import type { Lookups } from './reads.ts';

const silent = createLogger('test', 'error');
silent.silent = true;
const event = eventOf(newAccount(), 1);
const written = eventKey(candidateOf(event).stream, 1);

/** A log with the event, which the first of the lookups does not see yet. */
function logWith({ comesLate }: { comesLate: boolean }) {
  let lookedUp = 0;
  const getAllNow = async (keys: Iterable<string>): Promise<Map<string, Entry>> => {
    lookedUp += 1;
    const seen = [...keys].filter((key) => key === written && comesLate && lookedUp > 1);
    return new Map(seen.map((key) => [key, {} as Entry]));
  };
  const call = async (_name: string, { key }: { key: Buffer }) => ({
    entries: key.toString() === written ? [{}] : [],
  });
  return {
    client: { call } as unknown as ImmudbClient,
    lookups: { getAllNow } as unknown as Lookups,
  };
}
const erasedIn = async (comesLate: boolean) => {
  const alarms = alarmBook(silent);
  const { client, lookups } = logWith({ comesLate });
  const erased = await findErased([candidateOf(event)], client, lookups, alarms);
  return { erased: [...erased], alarms: alarms.list().map(({ subject }) => subject) };
};

test('given a key that was written and is gone, then it was erased', async () => {
  expect(await erasedIn(false)).toEqual({ erased: [written], alarms: [written] });
});

test('given a write that comes through late, then nothing was erased', async () => {
  expect(await erasedIn(true)).toEqual({ erased: [], alarms: [] });
});
