import { testName } from '../../contracts/access/sender-for-tests.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { type AccountId, type StreamId } from '../../domain/ids.ts';
import { deposit, message, open, said, testLog } from '../host/bank-host-for-tests.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { CannotRelease, dropStories } from './dropped-stories.ts';
import { bankOn, BEGAN, copyOf, restore } from './restoration-for-tests.ts';

const [ID, OTHER, THIRD] = [1n, 2n, 3n].map(accountIdOfSerial) as [AccountId, AccountId, AccountId];
const STREAM = streamOf(ID);
const SERIES = [ID, OTHER, THIRD].map(streamOf);

const sent = (key: string, from: AccountId, toAccountId: AccountId) =>
  message(key, {
    type: 'send-transfer',
    transferId: transferIdFor(from, testName(key)),
    toAccountId,
    amount: '1.00',
  });

/** Accounts of which the log has version 3 otherwise than the journal, which is in quarantine. */
async function forked() {
  const [journal, log] = [memoryJournal(), testLog()];
  const bank = await bankOn(journal, log);
  for (const id of [ID, OTHER, THIRD]) await bank.give(id, open('o', { initialDeposit: '9.00' }));
  await bank.time.pass(3_000);
  bank.host.stop();
  const elsewhere = memoryJournal();
  await restore(log, elsewhere);
  const blind = await bankOn(journal, log, false);
  const answers = await blind.give(ID, deposit('mine', '7.00'), deposit('shared', '2.00'));
  expect(answers.map(said)).toEqual(['3', '4']);
  blind.host.stop();
  const heard = await bankOn(elsewhere, log);
  await heard.give(ID, deposit('theirs', '1.00'), deposit('shared', '2.00'), deposit('more'));
  await heard.time.pass(3_000);
  heard.host.stop();
  await journal.quarantine(STREAM, 'a fork');
  return { journal, log, elsewhere };
}
const rowOf = async (journal: Journal, stream: StreamId) =>
  (await journal.load([stream])).streams[0]!;
const kept: string[] = [];
beforeEach(() => void kept.splice(0));
const drop = (
  journal: Journal,
  { client }: Pick<ReturnType<typeof testLog>, 'client'>,
  ...streams: StreamId[]
) =>
  dropStories(streams, {
    journal,
    log: client,
    now: () => new Date(BEGAN),
    keep: (events) => void kept.push(...events),
  });
const typesIn = (events: readonly string[]): string[] =>
  events.map((json) => (JSON.parse(json) as { id: string; commandId: string }).commandId);

test('a released account goes on as the log has it, and nothing is executed twice', async () => {
  const { journal, log, elsewhere } = await forked();
  await expect(restore(log, journal)).rejects.toThrow(/differs at version 3/);
  const [story] = await drop(journal, log, STREAM);
  expect(typesIn(story!.events)).toEqual(['mine', 'shared']);
  expect(kept).toEqual(story!.events);
  await restore(log, journal);
  await journal.release(STREAM);
  const [{ state, ...row }, as] = [await rowOf(journal, STREAM), await rowOf(elsewhere, STREAM)];
  expect(row).toEqual({ stream: STREAM, version: 5, digest: as.digest, logged: 5, unlogged: [] });
  expect(JSON.parse(state)).toEqual(JSON.parse(as.state));

  const bank = await bankOn(journal, log);
  const shared = bank.host.execute([{ ...deposit('shared', '2.00'), accountId: ID }]);
  await bank.time.pass(1_000);
  // Of what was dropped the log has this one, at its own version.
  expect((await shared).map(said)).toEqual(['4 again']);
  expect((await bank.give(ID, deposit('mine', '7.00'))).map(said)).toEqual(['6']);
  await bank.time.pass(3_000);
  expect(log.eventsOf(ID)).toHaveLength(6);
  expect(log.forks).toEqual([]);
});

test('killed after any step, the same is run again and comes to the same', async () => {
  const { log, elsewhere } = await forked();
  const wanted = (await elsewhere.load(SERIES)).streams.map(({ digest }) => digest);
  for (let steps = 0; steps < 8; steps += 1) {
    const { journal } = await forked();
    let left = steps;
    const dies =
      <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
      async (...args: Args): Promise<Answer> => {
        const answer = await call(...args);
        if ((left -= 1) < 0) throw new Error('killed');
        return answer;
      };
    const dying: Journal = {
      ...journal,
      dropStory: dies(journal.dropStory),
      restore: dies(journal.restore),
      setMark: dies(journal.setMark),
      release: dies(journal.release),
    };
    const run = async (on: Journal): Promise<void> => {
      await drop(on, log, STREAM);
      await restore(log, on, { heldBytesMax: 1 });
      await on.release(STREAM);
    };
    await run(dying).catch((error: Error) => expect(error.message).toBe('killed'));
    await run(journal);
    const rows = (await journal.load(SERIES)).streams;
    expect(rows.map(({ digest }) => digest)).toEqual(wanted);
    expect(rows.some(({ quarantine }) => quarantine !== undefined)).toBe(false);
  }
});

test('a restore that is not asked to release leaves the quarantine', async () => {
  const { journal, log } = await forked();
  await drop(journal, log, STREAM);
  expect(await journal.mark()).toMatchObject({ state: 'restoring' });
  await restore(log, journal);
  expect(await rowOf(journal, STREAM)).toMatchObject({ version: 5, quarantine: 'a fork' });
});

test('an account of which the log has nothing goes', async () => {
  const [journal, log] = [memoryJournal(), testLog()];
  const deaf = await bankOn(journal, log, false);
  await deaf.give(ID, open('o'));
  deaf.host.stop();
  const [story] = await drop(journal, log, STREAM);
  expect(story!.events).toHaveLength(1);
  await restore(log, journal);
  await journal.release(STREAM);
  expect(await rowOf(journal, STREAM)).toBeUndefined();
  const bank = await bankOn(journal, log);
  expect((await bank.give(ID, open('o'))).map(said)).toEqual(['1']);
});

describe('nothing is changed when', () => {
  const refused = async (
    made: { journal: Journal; log: ReturnType<typeof testLog> },
    streams: StreamId[],
    why: RegExp,
  ): Promise<void> => {
    const { journal, log } = made;
    const before = (await journal.load(SERIES)).streams;
    const dropping = drop(journal, log, ...streams);
    await expect(dropping).rejects.toThrow(CannotRelease);
    await expect(dropping).rejects.toThrow(why);
    expect((await journal.load(SERIES)).streams).toEqual(before);
    expect(kept).toEqual([]);
    expect((await journal.mark())?.state).not.toBe('restoring');
  };
  test('the journal has no such stream', async () => {
    await refused(await forked(), [streamOf(accountIdOfSerial(7n))], /has no acct/);
  });
  test('the log has it in quarantine again', async () => {
    const made = await forked();
    made.log.quarantined.set(STREAM, 'a fork of today');
    await refused(made, [STREAM], /in quarantine again: a fork of today/);
  });
  test('the log lacks what it had confirmed', async () => {
    const made = await forked();
    const log = copyOf(made.log);
    log.streams.set(STREAM, log.streams.get(STREAM)!.slice(0, 1));
    await refused({ ...made, log }, [STREAM], /had confirmed version 2/);
  });
  test('another leg would stay', async () => {
    const made = await forked();
    const blind = await bankOn(made.journal, testLog(), false);
    expect((await blind.give(OTHER, sent('t', OTHER, THIRD))).map(said)).toEqual(['3+3']);
    blind.host.stop();
    const [, other, third] = SERIES as [StreamId, StreamId, StreamId];
    await refused(made, [other], new RegExp(`not released, such as ${third}`));
    await refused(made, [third, STREAM], new RegExp(`not released, such as ${other}`));
    const stories = await drop(made.journal, made.log, other, third);
    expect(stories.map(({ events }) => events.length)).toEqual([1, 1]);
  });
});
