import { collections } from '../../contracts/account/read-models.ts';
import { listNames, type ListDocument } from '../../contracts/account/lists.ts';
import { minor } from '../../domain/money.ts';
import { transferIdOf } from '../../domain/transfer-id.ts';
import { logForTests } from '../events-for-tests.ts';
import { memoryReadStore } from '../read-store/memory-read-store.ts';
import { listWriter } from './list-writer.ts';

/** Transfers with these references, one after the other. */
function transfersWith(references: readonly string[]) {
  const log = logForTests();
  const [from, to] = [log.id(0), log.id(1)];
  for (const id of [from, to]) log.open(id);
  log.deposit(from, 100_000n);
  const begun = log.entries.length;
  for (const [at, reference] of references.entries()) {
    const transferId = transferIdOf(from, BigInt(at + 1));
    const terms = { transferId, toAccountId: to, amount: minor(1n), reference };
    log.transfer(from, { type: 'send-transfer', ...terms });
  }
  return log.entries.slice(begun);
}

/** A writer, what it wrote, and how often it had to ask how long a list is. */
async function writing() {
  const memory = memoryReadStore();
  const store = await memory.history('1');
  const asked: string[] = [];
  const counting = {
    ...store,
    listPageSize(page: string, before: number) {
      asked.push(page);
      return store.listPageSize(page, before);
    },
  };
  const numbers = async (reference: string): Promise<(number | undefined)[]> => {
    const list = listNames.transfersByReference(reference);
    const all = (await memory.documents(collections.lists('1'))) as ListDocument[];
    return all.filter(({ _id }) => _id.startsWith(`${list}/`)).map(({ number }) => number);
  };
  return { writer: listWriter(counting), another: () => listWriter(counting), asked, numbers };
}

test('a reference that is new costs no question, however many there are', async () => {
  const { writer, asked, numbers } = await writing();
  const references = Array.from({ length: 50 }, (_unused, at) => `invoice-${at}`);
  await writer.write(transfersWith(references));
  // The list of all transfers is known after one question.
  expect(asked).toEqual([`${listNames.transfers}/0`]);
  for (const reference of references) expect(await numbers(reference)).toEqual([0]);
});

test('a reference that was there before goes on, with this writer and with the next', async () => {
  const entries = transfersWith(['rent', 'gas', 'rent', 'rent', 'gas', 'rent']);
  const one = entries.length / 6;
  const { writer, another, numbers } = await writing();
  await writer.write(entries.slice(0, one));
  await writer.write(entries.slice(one, 3 * one));
  const next = another();
  await next.write(entries.slice(3 * one, 4 * one));
  await next.write(entries.slice(4 * one));
  expect(await numbers('rent')).toEqual([0, 1, 2, 3]);
  expect(await numbers('gas')).toEqual([0, 1]);
});

test('what is written again, from any place on, is the same', async () => {
  const entries = transfersWith(['a', 'b', 'a', 'c', 'a', 'b', 'a']);
  const { writer, another, numbers } = await writing();
  await writer.write(entries);
  for (let at = 0; at < entries.length; at += 1) await another().write(entries.slice(at));
  for (let at = 0; at < entries.length; at += 1) await another().write(entries.slice(at, at + 1));
  expect(await numbers('a')).toEqual([0, 1, 2, 3]);
  expect(await numbers('b')).toEqual([0, 1]);
  expect(await numbers('c')).toEqual([0]);
});
