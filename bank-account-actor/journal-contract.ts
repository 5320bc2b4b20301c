import { randomUUID } from 'node:crypto';
import { encodeAccount } from '../contracts/account-state.ts';
import { accountOfStream, encodeEvent, streamOf } from '../contracts/events.ts';
import { currencyOf, type Currency } from '../domain/currency.ts';
import { accountIdOfSerial } from '../domain/account-number.ts';
import { evolve, NO_ACCOUNT, type Account, type ExistingAccount } from '../domain/account.ts';
import { decide } from '../domain/account-decisions.ts';
import { commandId, ownerId, type StreamId } from '../domain/ids.ts';
import type { CommandBody } from '../contracts/command-bodies.ts';
import { decodeCommand } from '../contracts/commands.ts';
import { NO_HEAD, type Commit, type Journal, type JournalRow } from './journal.ts';

const CZK = currencyOf('CZK') as Currency;
export const AT = '2026-01-02T03:04:05.678Z';
let serial = BigInt(Date.now());
export const newAccount = (): StreamId => streamOf(accountIdOfSerial((serial += 1n)));

export function rowAfter(
  stream: StreamId,
  account: Account,
): { row: JournalRow; account: ExistingAccount } {
  const body: CommandBody =
    account.status === 'none'
      ? { type: 'open-account', ownerId: ownerId('jana'), currency: CZK }
      : { type: 'deposit', amount: '1.00' };
  const command = decodeCommand(body, CZK);
  if (!('type' in command)) throw new Error(command.message);
  const decision = decide(account, command, AT);
  if (!decision.ok) throw new Error(decision.refusal.code);
  const [event] = decision.events;
  const after = evolve(account, event);
  const cause = { commandId: commandId(`c${after.version}`), commandHash: 'h' };
  const events = [encodeEvent(accountOfStream(stream), event, after, cause)];
  return { row: { writer: randomUUID(), account: encodeAccount(after), events }, account: after };
}

/** What every journal must keep; run on the one in memory and on the one behind Dapr. */
export function journalContract(name: string, create: (host: string) => Journal): void {
  const first = (stream: StreamId): Commit => ({
    stream,
    commit: 1,
    row: rowAfter(stream, NO_ACCOUNT).row,
    head: NO_HEAD,
  });
  const commitMany = async (journal: Journal, stream: StreamId, commits: number) => {
    let account: Account = NO_ACCOUNT;
    for (let commit = 1; commit <= commits; commit += 1) {
      const next = rowAfter(stream, account);
      account = next.account;
      expect(await journal.commit({ stream, commit, row: next.row, head: NO_HEAD })).toBe(
        'committed',
      );
    }
    return account;
  };

  describe(`journal ${name}`, () => {
    test('given an account that was never opened, it has no rows', async () => {
      expect(await create('a').load(newAccount())).toEqual({ head: NO_HEAD, rows: [] });
    });
    test('given a commit, another host reads exactly what was written', async () => {
      const commit = first(newAccount());
      expect(await create('a').commit(commit)).toBe('committed');
      expect((await create('b').load(commit.stream)).rows).toEqual([commit.row]);
    });
    test('given more rows than one read takes, all are loaded in order', async () => {
      const journal = create('a');
      const id = newAccount();
      await commitMany(journal, id, 70);
      const versions = (await journal.load(id)).rows.map(({ events }) => events.at(-1)?.version);
      expect(versions).toEqual(Array.from({ length: 70 }, (_unused, at) => at + 1));
    });
    test('of two writers of one commit, one wins and its row stays', async () => {
      const id = newAccount();
      const [mine, theirs] = [first(id), first(id)];
      const outcomes = await Promise.all([create('a').commit(mine), create('b').commit(theirs)]);
      expect([...outcomes].sort()).toEqual(['committed', 'conflict']);
      const winner = outcomes[0] === 'committed' ? mine : theirs;
      expect((await create('c').load(id)).rows).toEqual([winner.row]);
    });
    test('20 writers race for each of 10 commits: one winner each', async () => {
      const id = newAccount();
      const journals = Array.from({ length: 20 }, (_unused, at) => create(`h${at}`));
      let account: Account = NO_ACCOUNT;
      for (let commit = 1; commit <= 10; commit += 1) {
        const next = rowAfter(id, account);
        const outcomes = await Promise.all(
          journals.map((journal) =>
            journal.commit({
              stream: id,
              commit,
              row: { ...next.row, writer: randomUUID() },
              head: NO_HEAD,
            }),
          ),
        );
        expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1);
        account = next.account;
      }
    });
    test('given commits of many accounts, only the one that was overtaken loses', async () => {
      const journal = create('a');
      const taken = first(newAccount());
      await create('b').commit(taken);
      const others = Array.from({ length: 40 }, () => first(newAccount()));
      const outcomes = await Promise.all(
        [...others, { ...taken, row: { ...taken.row, writer: randomUUID() } }].map(journal.commit),
      );
      expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(40);
      expect(outcomes.at(-1)).toBe('conflict');
    });
    test('given a new head, loading starts there and the rows before it are gone', async () => {
      const journal = create('a');
      const id = newAccount();
      const account = await commitMany(journal, id, 5);
      const newHead = { first: 3, from: 4 };
      const { row } = rowAfter(id, account);
      await journal.commit({ stream: id, commit: 6, row, head: NO_HEAD, newHead });
      const { head, rows } = await journal.load(id);
      expect(head).toEqual(newHead);
      expect(rows.map((kept) => kept.events.at(-1)?.version)).toEqual([4, 5, 6]);
      // A pruned number can be written again: that is why activations trust what they know
      // for far less time than rows stay.
      const again = { stream: id, commit: 2, row, head: NO_HEAD };
      expect(await journal.commit(again)).toBe('committed');
      expect(await journal.commit({ ...again, commit: 3 })).toBe('conflict');
    });
    test('a key comes and goes with the commit that says so, and is in no row', async () => {
      const [journal, id, other] = [create('a'), newAccount(), newAccount()];
      const { row, account } = rowAfter(id, NO_ACCOUNT);
      const commit = { stream: id, row, head: NO_HEAD };
      await journal.commit({ ...commit, commit: 1, secret: { keep: 'the-key' } });
      expect(await create('b').secrets([other, id])).toEqual([undefined, 'the-key']);
      expect(JSON.stringify(await journal.load(id))).not.toContain('the-key');
      // Who was overtaken neither brings a key nor takes one away.
      const late = { ...commit, row: { ...row, writer: randomUUID() }, commit: 1 };
      expect(await journal.commit({ ...late, secret: 'forget' })).toBe('conflict');
      expect(await journal.commit({ ...late, secret: { keep: 'another' } })).toBe('conflict');
      expect(await journal.secrets([id])).toEqual(['the-key']);
      const next = { ...commit, commit: 2, row: rowAfter(id, account).row };
      expect(await journal.commit({ ...next, secret: 'forget' })).toBe('committed');
      expect(await create('b').secrets([id])).toEqual([undefined]);
    });
    test('given a conflict, neither the head nor any row moves', async () => {
      const journal = create('a');
      const id = newAccount();
      const account = await commitMany(journal, id, 5);
      const { row } = rowAfter(id, account);
      const newHead = { first: 4, from: 5 };
      expect(await journal.commit({ stream: id, commit: 5, row, head: NO_HEAD, newHead })).toBe(
        'conflict',
      );
      const { head, rows } = await journal.load(id);
      expect([head, rows.length]).toEqual([NO_HEAD, 5]);
    });
    test('given commits, a restarted host knows which accounts were not settled', async () => {
      const host = `r-${randomUUID()}`;
      const commits = Array.from({ length: 30 }, () => first(newAccount()));
      const journal = create(host);
      await Promise.all(commits.map(journal.commit));
      const ids = commits.map(({ stream }) => stream);
      const unsettled = await restarted(journal, host).unsettled();
      expect(new Set(unsettled)).toEqual(new Set(ids));
      await journal.settle((stream) => stream !== ids[7]);
      expect(await restarted(journal, host).unsettled()).toContain(ids[7]);
      await journal.settle(() => true);
      expect(await restarted(journal, host).unsettled()).toEqual([]);
    });
  });

  const restarted = (journal: Journal, host: string): Journal => {
    const other = create(host);
    return name === 'memory' ? journal : other;
  };
}
