import { randomUUID } from 'node:crypto';
import { NO_ACCOUNT, type Account } from '../domain/account.ts';
import type { StreamId } from '../domain/ids.ts';
import { NO_HEAD, type Commit, type Journal, type JournalFilling } from './journal.ts';
import { AT, newAccount, rowAfter } from './journal-contract.ts';

const first = (stream: StreamId): Commit => {
  const { row } = rowAfter(stream, NO_ACCOUNT);
  return { stream, commit: 1, row, head: NO_HEAD };
};

/** What every journal must keep of what a restore writes. `create` gives one store each time. */
export function journalFillingContract(
  name: string,
  create: (host: string) => Journal & JournalFilling,
): void {
  describe(`filling of journal ${name}`, () => {
    test('given streams that were empty, they have their row and are not listed', async () => {
      const journal = create(`f-${randomUUID()}`);
      const taken = first(newAccount());
      await journal.commit(taken);
      const [one, other] = [first(newAccount()), first(newAccount())];
      const streams = [one, taken, other].map(({ stream }) => stream);
      expect(await journal.areEmpty(streams, true)).toEqual([true, false, true]);
      await journal.fill([one, other]);
      expect(await journal.areEmpty(streams, true)).toEqual([false, false, false]);
      expect((await create('c').load(other.stream)).rows).toEqual([other.row]);
      const listed = await journal.unsettled();
      expect(listed).toContain(taken.stream);
      expect(listed).not.toContain(one.stream);
      await journal.keepSecrets(new Map([[one.stream, 'kept']]));
      expect(await journal.secrets([one.stream, other.stream])).toEqual(['kept', undefined]);
    });
    test('given a stream that has a row, nothing of the fill is written', async () => {
      const journal = create('a');
      const [taken, fresh] = [first(newAccount()), first(newAccount())];
      await journal.commit(taken);
      const again = { ...taken, row: { ...taken.row, writer: randomUUID() } };
      expect(await journal.fill([fresh, again])).toBe('conflict');
      expect((await journal.load(fresh.stream)).rows).toEqual([]);
      expect((await journal.load(taken.stream)).rows).toEqual([taken.row]);
    });
    test('given a stream whose first row was pruned, it is not empty', async () => {
      const journal = create('a');
      const stream = newAccount();
      let account: Account = NO_ACCOUNT;
      for (let commit = 1; commit <= 4; commit += 1) {
        const next = rowAfter(stream, account);
        account = next.account;
        const newHead = commit === 4 ? { first: 3, from: 3 } : undefined;
        await journal.commit({ stream, commit, row: next.row, head: NO_HEAD, newHead });
      }
      expect(await journal.areEmpty([stream], true)).toEqual([false]);
    });
    test('given a mark, everybody reads it', async () => {
      const mark = { state: 'restoring', at: AT } as const;
      await create('a').setMark(mark);
      expect(await create('b').mark()).toEqual(mark);
      await create('a').setMark({ ...mark, state: 'whole' });
      expect(await create('b').mark()).toEqual({ ...mark, state: 'whole' });
    });
  });
}
