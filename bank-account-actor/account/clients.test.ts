import fc from 'fast-check';
import { byOf, nameBy, type Sender } from '../../contracts/access/principal.ts';
import type { CommandMessage } from '../../contracts/account/commands.ts';
import { accountIdFor, transferIdFor } from '../../contracts/derived-ids.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import { causeName } from '../../domain/account-events.ts';
import { commandId } from '../../domain/ids.ts';
import { OWNER, said, testHost, testLog } from '../host/bank-host-for-tests.ts';
import { memoryJournal } from '../journal/memory-journal.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const sender = (client: string): Sender => ({
  by: byOf({ subject: 'someone', client, roles: ['service'], strength: 'client' }),
  owner: '*',
});
const visible = fc.stringMatching(/^[\x21-\x7e]{1,12}$/);
/** Clients and keys that look like parts of names, as well as any. */
const client = fc.oneof(fc.constantFrom('a', '@a', 'key', '@a@'), visible);
const key = fc.oneof(fc.constantFrom('a', 'k', '@a', '@a@k', 'key', 'transfer'), visible);

test('two clients with one key never meet: not in ids, not in what is remembered', async () => {
  console.info(`SEED=${seed}`);
  await fc.assert(
    fc.asyncProperty(client, client, key, key, async (first, second, one, other) => {
      const names = [
        [first, one],
        [second, other],
      ].map(([who, text]) => nameBy(sender(who!).by, text!));
      const isSame = first === second && one === other;
      expect(names[0] === names[1]).toBe(isSame);
      expect(accountIdFor(names[0]!) === accountIdFor(names[1]!)).toBe(isSame);
    }),
    { seed, numRuns: 500 },
  );
});

test('each client has its own command under a key, and its own retries of it', async () => {
  await fc.assert(
    fc.asyncProperty(client, client, key, async (first, second, text) => {
      fc.pre(first !== second);
      const host = await testHost(memoryJournal(), testLog());
      const [mine, theirs] = [sender(first), sender(second)];
      const accountOf = ({ by }: Sender) => accountIdFor(nameBy(by, text));
      const id = commandId(text);
      const give = async (from: Sender, accountId = accountOf(from), command: object = OPEN) => {
        const message = { accountId, commandId: id, command } as CommandMessage;
        return said((await host.execute([message], from))[0]);
      };
      expect(await give(mine)).toBe('1');
      expect(await give(theirs)).toBe('1');
      expect(await give(mine)).toBe('1 again');
      const account = accountOf(mine);
      const deposit = { type: 'deposit', amount: '5.00' };
      // The key has opened the account for its client, and has done nothing there for the other.
      expect(await give(mine, account, deposit)).toBe('idempotency-key-reused');
      expect(await give(theirs, account, deposit)).toBe('2');
      expect(await give(theirs, account, deposit)).toBe('2 again');
      const send = (from: Sender) => ({
        type: 'send-transfer',
        transferId: transferIdFor(account, nameBy(from.by, text)),
        toAccountId: accountOf(theirs),
        amount: '1.00',
      });
      const third = sender(`${first}${second}`);
      expect(await give(third, account, send(third))).toBe('3+2');
      expect(await give(third, account, send(third))).toBe('3+2 again');
      const { found } = await host.lookup(accountOf(theirs), [
        causeName(nameBy(third.by, text)),
        causeName(nameBy(mine.by, text)),
      ]);
      const [received] = found as [LoggedEvent[]];
      expect(received[0]).toMatchObject({ by: third.by, causationId: text });
      expect(found[1]).toBeUndefined();
      host.stop();
    }),
    { seed, numRuns: 20 },
  );
});

const OPEN = { type: 'open-account', ownerId: OWNER, currency: 'CZK' };
