import { TESTER, testName } from '../contracts/access/sender-for-tests.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EXECUTE_GROUPS_MAX,
  type CommandResult,
  type CommandGroup,
  type ExecuteRequest,
} from '../contracts/account/commands.ts';
import { commandId, type AccountId } from '../domain/ids.ts';
import { SidecarError } from '../platform/dapr.ts';
import { courier, KNOWN_MS, PATIENCE_MS } from './courier.ts';
import { accountIdFor } from '../contracts/derived-ids.ts';

interface Call {
  readonly to: string;
  readonly body: ExecuteRequest;
  readonly bytes: number;
}
type Answer = (call: Call) => Promise<unknown> | undefined;

const accountAt = (at: number): AccountId => accountIdFor(testName(`a${at}`));
const [A, B, C] = [accountAt(0), accountAt(1), accountAt(2)];
const group = (accountId: AccountId, key = 'k', description = 'x'): CommandGroup => ({
  ...TESTER,
  commands: [
    {
      accountId,
      commandId: commandId(key),
      command: { type: 'deposit', amount: '1', description },
    },
  ],
});
const keyOf = ({ commands }: CommandGroup): string => commands[0]!.commandId;
// Any result will do that says which command it is of.
const resultOf = (key: string): CommandResult => ({
  ok: false,
  refusal: { code: 'service-unavailable', reason: key },
});
const said = ([result]: readonly CommandResult[]): string =>
  result?.ok === false && 'reason' in result.refusal ? result.refusal.reason : 'nothing';

/** Dapr's HTTP calls in memory: hosts that have accounts, and a script for what goes wrong. */
function dapr(hostOf: (account: AccountId) => string = () => 'host1') {
  const calls: Call[] = [];
  let script: Answer = () => undefined;
  let [inFlight, most] = [0, 0];
  const busy = new Set<string>();
  const clashes: string[] = [];
  const clock = { ms: 1_000_000, slept: [] as number[] };
  const answer = async (call: Call): Promise<unknown> => {
    const scripted = script(call);
    if (scripted !== undefined) return scripted;
    await sleep(1);
    const [type = '', id = ''] = call.to.split('/');
    const host = type === 'BankAccount' ? hostOf(id as AccountId) : type.replace('Teller.', '');
    const groups = call.body.groups.map(({ commands }) =>
      hostOf(commands[0]!.accountId) === host
        ? { results: commands.map(({ commandId: key }) => resultOf(key)) }
        : { moved: true },
    );
    return { host, groups };
  };
  const actors = courier(
    async (type, id, method, json) => {
      const to = `${type}/${id}`;
      if (method === 'lookup') return script({ to, body: JSON.parse(json), bytes: 0 });
      const call = { to, body: JSON.parse(json) as ExecuteRequest, bytes: json.length };
      calls.push(call);
      if (busy.has(to)) clashes.push(to);
      busy.add(to);
      inFlight += 1;
      most = Math.max(most, inFlight);
      return answer(call).finally(() => {
        busy.delete(to);
        inFlight -= 1;
      });
    },
    {
      wall: () => clock.ms,
      sleep: (ms) => {
        clock.slept.push(ms);
        return sleep(0);
      },
    },
  );
  const ask = async (accountId: AccountId, key = 'k', description?: string): Promise<string> =>
    said(await actors.execute(group(accountId, key, description)));
  return {
    actors,
    ask,
    calls,
    clashes,
    clock,
    /** Where the calls since the last question went. */
    ways: (): string[] => calls.splice(0).map(({ to }) => to),
    most: (): number => most,
    busy: (answers: Answer): void => void (script = answers),
  };
}
const away = (): Promise<never> => Promise.reject(new SidecarError('away', 500));
const toTeller = ({ to }: Call): boolean => to.startsWith('Teller.');

describe('the way of a command', () => {
  test('given an unknown account, the first goes to its actor, the next to its host', async () => {
    const { ask, ways } = dapr();
    expect([await ask(A, '1'), await ask(A, '2')]).toEqual(['1', '2']);
    expect(ways()).toEqual([`BankAccount/${A}`, 'Teller.host1/3']);
  });
  test('given several accounts of two hosts, those of one host travel together', async () => {
    const { actors, ask, calls, ways } = dapr((id) => (id === C ? 'host2' : 'host1'));
    await Promise.all([ask(A), ask(B), ask(C)]);
    ways();
    const keys = Array.from({ length: 100 }, (_unused, at) => String(at));
    const asked = keys.map((key, at) => actors.execute(group([A, B, C][at % 3]!, key)));
    expect((await Promise.all(asked)).map(said)).toEqual(keys);
    for (const { to, body } of calls) {
      const accounts = body.groups.map(({ commands }) => commands[0]!.accountId);
      expect(accounts.every((id) => (id === C) === to.startsWith('Teller.host2'))).toBe(true);
    }
    expect(calls.length).toBeLessThan(20);
  });
  test('given many at once for an unknown account, only the first asks its actor', async () => {
    const { ask, ways } = dapr();
    const keys = Array.from({ length: 50 }, (_unused, at) => String(at));
    expect(await Promise.all(keys.map((key) => ask(A, key)))).toEqual(keys);
    expect(ways().filter((to) => to.startsWith('BankAccount'))).toHaveLength(1);
  });
  test('given many, a few calls are in flight, each with an actor of its own', async () => {
    const { ask, most, clashes, calls } = dapr();
    await ask(A);
    await Promise.all(Array.from({ length: 500 }, (_unused, at) => ask(A, String(at))));
    expect(most()).toBe(4);
    expect(clashes).toEqual([]);
    expect(new Set(calls.filter(toTeller).map(({ to }) => to)).size).toBe(4);
  });
  test('each call tells when its caller gives up', async () => {
    const { ask, calls, clock } = dapr();
    await ask(A);
    clock.ms += 60_000;
    await ask(A);
    const deadlines = calls.map(({ body }) => body.deadline);
    expect(deadlines).toEqual([1_000_000 + PATIENCE_MS, 1_060_000 + PATIENCE_MS]);
  });
  test('given a group, its commands stay together and in order', async () => {
    const { actors, calls } = dapr();
    const commands = ['3', '1', '2'].map((key) => group(A, key).commands[0]!);
    const results = await actors.execute({ ...TESTER, commands, atomic: true, dryRun: true });
    expect(results.map((result) => said([result]))).toEqual(['3', '1', '2']);
    expect(calls[0]?.body.groups).toEqual([{ ...TESTER, commands, atomic: true, dryRun: true }]);
  });
});

describe('what is known of an account', () => {
  test('is asked again after a while, however much it is used', async () => {
    const { ask, ways, clock } = dapr();
    await ask(A);
    for (let at = 0; at < 5; at += 1) {
      clock.ms += KNOWN_MS / 5;
      await ask(A);
    }
    expect(
      ways()
        .slice(1)
        .every((to) => to.startsWith('Teller')),
    ).toBe(true);
    clock.ms += 1;
    await ask(A);
    await ask(A);
    expect(ways().map((to) => to.split('/')[0])).toEqual(['BankAccount', 'Teller.host1']);
  });
  test('given that the account moved, the ordinary way tells its new host', async () => {
    let home = 'host1';
    const { ask, ways } = dapr(() => home);
    await ask(A);
    home = 'host2';
    expect([await ask(A, '1'), await ask(A, '2')]).toEqual(['1', '2']);
    const types = ways().map((to) => to.split('/')[0]);
    expect(types).toEqual(['BankAccount', 'Teller.host1', 'BankAccount', 'Teller.host2']);
  });
  test('given a host that is gone, all its accounts take the ordinary way', async () => {
    let home = 'host1';
    const { ask, ways, busy } = dapr(() => home);
    await Promise.all([ask(A), ask(B)]);
    ways();
    home = 'host2';
    busy((call) => (call.to.startsWith('Teller.host1') ? away() : undefined));
    expect([await ask(A, '1'), await ask(B, '2')]).toEqual(['1', '2']);
    const types = ways().map((to) => to.split('/')[0]);
    expect(types).toEqual(['Teller.host1', 'BankAccount', 'BankAccount']);
  });
  test('given a host that hangs, what waits for it does not try it again', async () => {
    const { ask, busy, calls, clashes } = dapr();
    await ask(A);
    const hanging: (() => void)[] = [];
    busy((call) =>
      toTeller(call)
        ? new Promise((_resolve, reject) => {
            hanging.push(() => reject(new SidecarError('timed out')));
          })
        : undefined,
    );
    const asked = Array.from({ length: 20 }, (_unused, at) => ask(A, String(at)));
    await sleep(5);
    expect(hanging).toHaveLength(4);
    busy(() => undefined);
    hanging[0]!();
    // The three other calls still hang, and have their actors for themselves.
    expect(await Promise.all(asked.slice(4))).toHaveLength(16);
    expect(clashes).toEqual([]);
    for (const end of hanging) end();
    expect(await Promise.all(asked)).toEqual(asked.map((_one, at) => String(at)));
    expect(calls.filter(toTeller).length).toBeLessThan(15);
  });
});

describe('when a call fails', () => {
  test('the ordinary way is tried several times, then the commands are deferred', async () => {
    const { ask, busy, clock, ways } = dapr();
    busy(away);
    expect(await ask(A)).toBe('the account cannot be reached');
    expect([ways().length, clock.slept]).toEqual([4, [100, 300, 800]]);
    busy(() => undefined);
    expect(await ask(A, '1')).toBe('1');
  });
  test('no call begins after the caller gave up', async () => {
    const { ask, busy, clock, ways } = dapr();
    busy(() => {
      clock.ms += PATIENCE_MS;
      return away();
    });
    expect(await ask(A)).toBe('the account cannot be reached');
    expect(ways()).toHaveLength(1);
  });
  test('a slow or failing host stops no other', async () => {
    const { ask, busy } = dapr((id) => (id === A ? 'host1' : 'host2'));
    await Promise.all([ask(A), ask(B)]);
    let end = (): void => undefined;
    busy((call) =>
      call.to.startsWith('Teller.host1')
        ? new Promise((resolve) => {
            const groups = call.body.groups.map((one) => ({ results: [resultOf(keyOf(one))] }));
            end = () => resolve({ host: 'host1', groups });
          })
        : undefined,
    );
    const slow = ask(A, 'slow');
    for (let at = 0; at < 50; at += 1) expect(await ask(B, String(at))).toBe(String(at));
    end();
    expect(await slow).toBe('slow');
    busy((call) => (call.to.includes('host1') || call.to.endsWith(A) ? away() : undefined));
    const failing = ask(A, 'failing');
    expect(await Promise.all([ask(B, '1'), ask(B, '2')])).toEqual(['1', '2']);
    expect(await failing).toBe('the account cannot be reached');
  });
  test('an answer that is none is an error and no result', async () => {
    const { ask, busy } = dapr();
    busy(() => Promise.resolve({ host: 'host1', groups: [] }));
    await expect(ask(A)).rejects.toThrow('1 groups, but 0 answers');
    busy(() => Promise.resolve({ host: 'host1', groups: [{ results: [] }] }));
    await expect(ask(A)).rejects.toThrow('1 commands, but 0 results');
  });
});

describe('bounds', () => {
  const accounts = Array.from({ length: 1_000 }, (_unused, at) => accountAt(at));
  test('given more than a call may have, it is split by bytes and by groups', async () => {
    const { ask, calls, ways } = dapr();
    await Promise.all(accounts.map((id) => ask(id)));
    ways();
    const large = 'ž'.repeat(20_000);
    await Promise.all(accounts.slice(0, 100).map((id) => ask(id, 'k', large)));
    const sent = calls.map(({ body }) => Buffer.byteLength(JSON.stringify(body)));
    expect(Math.max(...sent)).toBeLessThan(513 * 1024);
    ways();
    await Promise.all(accounts.map((id) => ask(id)));
    expect(Math.max(...calls.map(({ body }) => body.groups.length))).toBe(EXECUTE_GROUPS_MAX);
  });
  test('given more than 64 MiB that wait, more is deferred at once', async () => {
    const { ask, busy } = dapr();
    await ask(A);
    const ends: (() => void)[] = [];
    busy(
      (call) =>
        new Promise((resolve) => {
          const groups = call.body.groups.map((one) => ({ results: [resultOf(keyOf(one))] }));
          ends.push(() => resolve({ host: 'host1', groups }));
        }),
    );
    const large = 'x'.repeat(1024 * 1024);
    const asked = Array.from({ length: 67 }, (_unused, at) => ask(A, String(at), large));
    await sleep(1);
    expect(await ask(A, 'more', large)).toBe('too many commands wait');
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await sleep(1);
    }
    expect(await Promise.all(asked)).toEqual(asked.map((_one, at) => String(at)));
  });
});

describe('a look-up', () => {
  test('gives what the account executed, undefined for nothing', async () => {
    const { actors, busy } = dapr();
    busy(() => Promise.resolve({ isOwn: true, found: [null, null] }));
    expect(await actors.lookup(A, ['1', '2'], '*')).toEqual({
      isOwn: true,
      found: [undefined, undefined],
    });
  });
  test('is unavailable when nobody answers', async () => {
    const { actors, busy } = dapr();
    busy(away);
    expect(await actors.lookup(A, ['1'], '*')).toBe('unavailable');
  });
});
