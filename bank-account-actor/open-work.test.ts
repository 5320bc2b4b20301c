import { streamOf, type LoggedEvent } from '../contracts/events.ts';
import { receiveMessage, endMessage, factsOf } from '../contracts/transfers.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import { transferIdFor } from '../contracts/commands.ts';
import { accountId, commandId, type AccountId } from '../domain/ids.ts';
import { accountIdOfSerial } from '../domain/account-number.ts';
import { message, open, silent, testHost, testLog } from './actor-fixtures.ts';
import { memoryJournal } from './memory-journal.ts';
import { openWork } from './open-work.ts';

const SOURCE = accountIdOfSerial(1n);
const TARGET = accountIdOfSerial(2n);
const NOBODY = accountId('00000000-0000-8000-8000-00000000000f');
const MINUTE_MS = 60_000;

/** Two accounts on a journal; the host can be killed and its clock set forward. */
async function bank() {
  const journal = memoryJournal();
  const log = testLog();
  let aheadMs = 0;
  const now = (): Date => new Date(Date.now() + aheadMs);
  const hosts = { host: testHost(journal, log, { now }) };
  const give = async (id: AccountId, ...commands: CommandMessage[]): Promise<CommandResult[]> =>
    hosts.host.accounts.execute(streamOf(id), commands);
  for (const id of [SOURCE, TARGET]) await give(id, open('o', { initialDeposit: '100.00' }));
  return {
    give,
    look: () => hosts.host.work.look(),
    forward: (ms: number) => void (aheadMs += ms),
    open: () => hosts.host.agenda.size(),
    /** The host looks while that account cannot be reached. */
    lookWithout: (away: AccountId) => {
      const { agenda, accounts } = hosts.host;
      const any: typeof accounts.execute = (stream, commands) =>
        stream === streamOf(away)
          ? Promise.reject(new Error('nobody serves it'))
          : accounts.execute(stream, commands);
      return openWork({ agenda, own: accounts, any, now, logger: silent }).look();
    },
    /** The host looks while a client calls each account that the host works on. */
    lookBeside: (client: () => CommandMessage) => {
      const { agenda, accounts } = hosts.host;
      const execute: typeof accounts.execute = async (stream, commands) => {
        await accounts.execute(stream, [client()]);
        return accounts.execute(stream, commands);
      };
      const own = { ...accounts, execute };
      return openWork({ agenda, own, any: execute, now, logger: silent }).look();
    },
    active: () => hosts.host.actors.counts().active,
    /** Only the journal and the log remain; what it lists is known again before it goes on. */
    async restart({ isActive = true } = {}): Promise<void> {
      hosts.host = testHost(journal, log, { now });
      for (const id of await journal.unsettled()) {
        await hosts.host.accounts.recall(id, ['x']);
        if (!isActive) await hosts.host.accounts.deactivate(id);
      }
    },
    settle: () => journal.settle((id) => hosts.host.agenda.isEmpty(id)),
    listed: () => journal.unsettled(),
    balance: (id: AccountId) => (log.eventsOf(id).at(-1) as LoggedEvent).data.balance,
    types: (id: AccountId) =>
      log
        .eventsOf(id)
        .map(({ type }) => type)
        .slice(2),
  };
}
const reserve = (key: string, to: AccountId = TARGET, amount = '30.00'): CommandMessage =>
  message(key, {
    type: 'reserve-transfer',
    transferId: transferIdFor(SOURCE, commandId(key)),
    toAccountId: to,
    toCurrency: 'CZK',
    amount,
  });
const eventsOf = ([result]: CommandResult[]) => {
  if (result?.ok !== true) throw new Error(JSON.stringify(result));
  return result.events;
};

describe('a transfer that its driver left', () => {
  test.each(['after the reservation', 'after the target has it'])('%s is completed', async (at) => {
    const { give, look, forward, balance, types, open: left } = await bank();
    const facts = factsOf(eventsOf(await give(SOURCE, reserve('t'))));
    if (at === 'after the target has it') await give(TARGET, receiveMessage(facts));
    await look();
    expect(types(SOURCE)).toEqual(['transfer-reserved']);
    forward(4_000);
    await look();
    expect(types(SOURCE)).toEqual(['transfer-reserved', 'transfer-sent']);
    expect(types(TARGET)).toEqual(['transfer-received']);
    expect([balance(SOURCE)?.ledger, balance(TARGET)?.ledger]).toEqual(['70.00', '130.00']);
    expect(left()).toBe(0);
  });
  test('to a target that was frozen meanwhile is released', async () => {
    const { give, look, forward, balance, types } = await bank();
    await give(SOURCE, reserve('t'));
    await give(TARGET, message('f', { type: 'freeze' }));
    forward(4_000);
    await look();
    expect(types(SOURCE)).toEqual(['transfer-reserved', 'transfer-released']);
    expect(balance(SOURCE)).toEqual({ ledger: '100.00', held: '0.00', available: '100.00' });
  });
  test('from a source that was frozen meanwhile is completed all the same', async () => {
    const { give, look, forward, types } = await bank();
    await give(SOURCE, reserve('t'), message('f', { type: 'freeze' }));
    forward(4_000);
    await look();
    expect(types(SOURCE).at(-1)).toBe('transfer-sent');
    expect(types(TARGET)).toEqual(['transfer-received']);
  });
  test('and its host as well is completed after the restart', async () => {
    const { give, look, forward, balance, restart, settle, listed } = await bank();
    await give(SOURCE, reserve('t'));
    await settle();
    expect(await listed()).toEqual([streamOf(SOURCE)]);
    await restart();
    forward(4_000);
    await look();
    expect([balance(SOURCE)?.held, balance(TARGET)?.ledger]).toEqual(['0.00', '130.00']);
    await settle();
    expect(await listed()).toEqual([]);
  });
  test('is completed once when both drivers are at work', async () => {
    const { give, look, forward, types } = await bank();
    const facts = factsOf(eventsOf(await give(SOURCE, reserve('t'))));
    forward(4_000);
    const client = async (): Promise<void> => {
      const target = eventsOf(await give(TARGET, receiveMessage(facts)));
      eventsOf(await give(SOURCE, endMessage(target)));
    };
    await Promise.all([client(), look(), client(), look()]);
    expect(types(SOURCE)).toEqual(['transfer-reserved', 'transfer-sent']);
    expect(types(TARGET)).toEqual(['transfer-received']);
  });
  test('to nobody keeps its money held: only the word of a target ends it', async () => {
    const { give, look, forward, types } = await bank();
    await give(SOURCE, reserve('t', NOBODY));
    forward(4_000);
    await look();
    expect(types(SOURCE)).toEqual(['transfer-reserved']);
  });
  test('to a target that is away lets what else is due on the source go on', async () => {
    const { give, lookWithout, look, forward, types } = await bank();
    const third = accountIdOfSerial(3n);
    await give(third, open('o'));
    const expiresAt = new Date(Date.now() + 1_000).toISOString();
    const hold = message('h', { type: 'place-hold', amount: '1.00', expiresAt });
    await give(SOURCE, reserve('t'), reserve('u', third), hold);
    forward(4_000);
    await lookWithout(TARGET);
    expect(types(SOURCE).slice(3).sort()).toEqual(['hold-expired', 'transfer-sent']);
    forward(1_000);
    await look();
    expect(types(TARGET)).toEqual(['transfer-received']);
  });
  test.each(['goes on', 'is restarted'])(
    'and whose clock was set back is completed when its host %s',
    async (host) => {
      const { give, look, forward, restart, types } = await bank();
      await give(SOURCE, reserve('t'));
      // The clock was an hour ahead, and is set right.
      forward(-60 * MINUTE_MS);
      if (host === 'is restarted') await restart();
      await look();
      expect(types(SOURCE)).toEqual(['transfer-reserved']);
      forward(4_000);
      await look();
      expect(types(SOURCE)).toEqual(['transfer-reserved', 'transfer-sent']);
    },
  );
  test('beside 150 others: all are completed', async () => {
    const { give, look, forward, balance, open: left } = await bank();
    const many = Array.from({ length: 151 }, (_unused, at) => reserve(`t${at}`, TARGET, '0.10'));
    await give(SOURCE, ...many);
    forward(4_000);
    await look();
    expect([balance(SOURCE)?.ledger, balance(TARGET)?.ledger]).toEqual(['84.90', '115.10']);
    expect(left()).toBe(0);
  });
});

describe('a hold that expires', () => {
  const hold = (key: string, inMs: number): CommandMessage => {
    const expiresAt = new Date(Date.now() + inMs).toISOString();
    return message(key, { type: 'place-hold', amount: '30.00', expiresAt });
  };
  test('gives the money back when it is time, not before', async () => {
    const { give, look, forward, balance, types, settle, listed } = await bank();
    await give(SOURCE, hold('h', MINUTE_MS));
    await settle();
    expect(await listed()).toEqual([streamOf(SOURCE)]);
    await look();
    expect(balance(SOURCE)?.held).toBe('30.00');
    forward(MINUTE_MS);
    await look();
    expect(types(SOURCE)).toEqual(['hold-placed', 'hold-expired']);
    expect(balance(SOURCE)?.held).toBe('0.00');
  });
  test('gives it back after a restart too', async () => {
    const { give, look, forward, restart, types } = await bank();
    await give(SOURCE, hold('h', MINUTE_MS), hold('i', 2 * MINUTE_MS));
    await restart();
    forward(MINUTE_MS);
    await look();
    expect(types(SOURCE).slice(2)).toEqual(['hold-expired']);
    forward(MINUTE_MS);
    await look();
    expect(types(SOURCE).slice(2)).toEqual(['hold-expired', 'hold-expired']);
  });
  test('leaves no actor behind that Dapr never heard of, and keeps one that it has', async () => {
    const { give, look, lookBeside, forward, restart, types, active } = await bank();
    const ends = [1, 2, 3].map((minutes) => hold(`h${minutes}`, minutes * MINUTE_MS));
    await give(SOURCE, ...ends);
    const before = active();
    forward(MINUTE_MS);
    await look();
    expect(active()).toBe(before);
    await restart({ isActive: false });
    forward(MINUTE_MS);
    await look();
    expect(types(SOURCE).slice(3)).toEqual(['hold-expired', 'hold-expired']);
    expect(active()).toBe(0);
    forward(MINUTE_MS);
    await lookBeside(() => message('d', { type: 'deposit', amount: '1.00' }));
    expect(types(SOURCE).slice(5)).toEqual(['money-deposited', 'hold-expired']);
    expect(active()).toBe(1);
  });
  test('that was captured before is left alone', async () => {
    const { give, look, forward, types, open: left } = await bank();
    const [placed] = eventsOf(await give(SOURCE, hold('h', MINUTE_MS)));
    const { holdId } = placed!.data as { holdId: string };
    await give(SOURCE, message('c', { type: 'capture-hold', holdId }));
    expect(left()).toBe(0);
    forward(MINUTE_MS);
    await look();
    expect(types(SOURCE)).toEqual(['hold-placed', 'hold-captured']);
  });
});
