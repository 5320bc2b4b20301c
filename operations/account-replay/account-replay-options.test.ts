import { accountNumberOf, accountIdOfSerial } from '../../domain/account-number.ts';
import { accountReplayOptions } from './account-replay-options.ts';

const ID = accountIdOfSerial(42n);

test('an account alone is replayed to its end, named by id in either case or by number', () => {
  for (const name of [ID, ID.toUpperCase(), accountNumberOf(ID)!]) {
    expect(accountReplayOptions([name])).toEqual({ id: ID, json: false });
  }
});

test('a version and JSON can be asked for', () => {
  expect(accountReplayOptions(['--to', '5', ID, '--json'])).toEqual({ id: ID, to: 5, json: true });
});

test.each([
  '',
  `${ID} ${ID}`,
  `${ID} --to 0`,
  `${ID} --to -1`,
  `${ID} --to 1.5`,
  `${ID} --to last`,
  `${ID} --until 5`,
  'not-an-account',
  '00000000000000000000',
])('"%s" is refused with the usage', (line) => {
  const args = line.split(' ').filter((word) => word !== '');
  expect(() => accountReplayOptions(args)).toThrow('Usage: npm run replay-account');
});
