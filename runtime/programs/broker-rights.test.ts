import { readFileSync } from 'node:fs';
import { brokerPlan, topicsOf } from './broker-rights.ts';

const COMPONENT = readFileSync('components/bank-pubsub.yaml', 'utf8');
/** The component with one more app, which sends commands in a lane of its own. */
const withPayroll = (subscribes = true): string =>
  COMPONENT.replace(
    'projection-history="',
    'projection-history=;payroll=account-commands.pay-roll"',
  )
    .replace('core-bank-api=account-commands,', (found) =>
      subscribes ? `${found}account-commands.pay-roll,` : found,
    )
    .replace('core-bank-api=account-commands,account-commands.bulk;', (found) =>
      subscribes ? found.replace(';', ',account-commands.pay-roll;') : found,
    )
    .replace(/^ {2}- projection-history$/m, '  - projection-history\n  - payroll');

test('given the component as it is, commands have two lanes, each with a consumer', () => {
  expect(topicsOf(process.cwd(), 'core-bank-api')).toEqual([
    'account-commands',
    'account-commands.bulk',
  ]);
});

test('given an app with a lane of its own, it publishes there, and nowhere else', () => {
  const { streams, consumers, users } = brokerPlan(withPayroll());
  expect(streams['ACCOUNT_COMMANDS_PAY_ROLL']).toBe('account-commands.pay-roll');
  expect(consumers).toContainEqual(
    expect.objectContaining({
      stream: 'ACCOUNT_COMMANDS_PAY_ROLL',
      topic: 'account-commands.pay-roll',
      app: 'core-bank-api',
    }),
  );
  const payroll = users.find(({ name }) => name === 'payroll');
  expect(payroll?.rights?.publish).toEqual(['account-commands.pay-roll']);
});

test('given a lane that nobody reads, the plan says so', () => {
  expect(() => brokerPlan(withPayroll(false))).toThrow(
    'no app subscribes to account-commands.pay-roll',
  );
});
