import {
  accountIdFor,
  batchItemIdFor,
  holdIdFor,
  messageKeyFor,
  personIdFor,
  transferIdFor,
} from './derived-ids.ts';
import { commandId, commandName } from '../domain/ids.ts';

/** As the first release derived them: with other ids a retry would not find what it once made. */
test('the ids that follow from a command stay what they were', () => {
  const key = commandName('branch-desk', commandId('first-key'));
  const account = accountIdFor(key);
  expect({
    account,
    person: personIdFor(key),
    hold: holdIdFor(account, key),
    transfer: transferIdFor(account, key),
    item: batchItemIdFor(key, '{"type":"freeze"}', 2),
    message: messageKeyFor('payroll', 'event-1'),
  }).toEqual({
    account: '0c67a7de-5007-88d0-a6a3-fe08ded0dfa9',
    person: 'bddeebfc-f753-8c4f-8d59-0ff0d6f15f15',
    hold: '15f1a228-84ea-8364-a9fc-9554b893eccf',
    transfer: '0c67a7de-5007-88d0-9f2a-4145cf824775',
    item: 'bc431f9d-dc61-8ad1-b24e-af54d8358f84',
    message: '7f19ca50-e575-8dac-acf3-63f080457cc2',
  });
});
