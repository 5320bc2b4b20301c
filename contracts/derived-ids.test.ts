import {
  accountIdFor,
  batchItemIdFor,
  holdIdFor,
  messageKeyFor,
  personIdFor,
  transferIdFor,
} from './derived-ids.ts';
import { commandId } from '../domain/ids.ts';

/** As the first release derived them: with other ids a retry would not find what it once made. */
test('the ids that follow from a command stay what they were', () => {
  const key = commandId('first-key');
  const account = accountIdFor(key);
  expect({
    account,
    person: personIdFor(key),
    hold: holdIdFor(account, key),
    transfer: transferIdFor(account, key),
    item: batchItemIdFor(key, '{"type":"freeze"}', 2),
    message: messageKeyFor('payroll', 'event-1'),
  }).toEqual({
    account: 'da71bf89-ada9-881a-af2c-b057f58e4675',
    person: '5ff99da4-1df5-8324-9080-effc6f843289',
    hold: '04d0ce3a-17b0-8a61-84b3-8bb69fc8cbe3',
    transfer: 'da71bf89-ada9-881a-a969-7e46df18c081',
    item: 'cf71d82f-d7f1-87d8-bf5b-e13f1e8b6c07',
    message: '7f19ca50-e575-8dac-acf3-63f080457cc2',
  });
});
