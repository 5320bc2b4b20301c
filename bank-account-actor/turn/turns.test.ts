import { memoryJournal } from '../journal/memory-journal.ts';
import type { Journal } from '../journal/journal.ts';
import { accountId } from '../../domain/ids.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { transferIdFor } from '../../contracts/commands.ts';
import { commandId } from '../../domain/ids.ts';
import {
  ACCOUNT,
  deposit,
  message,
  open,
  said,
  testHost,
  testLog,
  withdraw,
} from '../host/bank-host-for-tests.ts';

const OTHER = accountIdOfSerial(7n);

test('given an account, commands are executed once each and answered again alike', async () => {
  const host = await testHost();
  const first = await host.execute([
    open('o', { initialDeposit: '5.00' }),
    deposit('d'),
    withdraw('w', '99.00'),
  ]);
  expect(first.map(said)).toEqual(['1+2', '3', 'insufficient-funds']);
  const again = await host.execute([
    open('o', { initialDeposit: '5.00' }),
    deposit('d'),
    deposit('d', '2.00'),
  ]);
  expect(again.map(said)).toEqual(['1+2 again', '3 again', 'idempotency-key-reused']);
});

test('given two accounts, a transfer is one turn and answered again alike', async () => {
  const host = await testHost();
  await host.execute([open('o', { initialDeposit: '5.00' })]);
  await host.execute([open('p', {})].map((one) => ({ ...one, accountId: OTHER })));
  const transferId = transferIdFor(ACCOUNT, commandId('t'));
  const send = message('t', {
    type: 'send-transfer',
    transferId,
    toAccountId: OTHER,
    amount: '2.00',
  });
  const [sent] = await host.execute([send]);
  expect(sent).toMatchObject({
    ok: true,
    events: [
      { type: 'transfer-sent', version: 3 },
      { type: 'transfer-received', version: 2 },
    ],
  });
  expect(said((await host.execute([send]))[0])).toBe('3+2 again');
  expect(said((await host.execute([withdraw('w2', '4.00')]))[0])).toBe('insufficient-funds');
});

test('given two hosts with the same account, each decides on what the other committed', async () => {
  const [journal, log] = [memoryJournal(), testLog()];
  const [a, b] = [await testHost(journal, log), await testHost(journal, log, { host: 'host2' })];
  await a.execute([open('o', { initialDeposit: '5.00' })]);
  expect((await b.execute([withdraw('w1', '3.00')])).map(said)).toEqual(['3']);
  expect((await a.execute([withdraw('w2', '3.00')])).map(said)).toEqual(['insufficient-funds']);
  expect((await a.execute([withdraw('w1', '3.00')])).map(said)).toEqual(['3 again']);
  expect((await a.execute([deposit('d')])).map(said)).toEqual(['4']);
  expect((await b.execute([deposit('d')])).map(said)).toEqual(['4 again']);
});
