import { benchOptions } from './bench-options.ts';
import { isWanted } from './parts.ts';

test('options have defaults and are refused when they make no sense', () => {
  const defaults = { seconds: 8, only: [], accounts: 1_000, instance: 8 };
  expect(benchOptions([], {})).toMatchObject(defaults);
  const wrong = ['--seconds 0', '--seconds x', '--instance 10', '--url http://a', 'x', '--y'];
  for (const line of [...wrong, '--only transfer', '--accounts 1']) {
    expect(() => benchOptions(line.split(' '), {})).toThrow('Usage: npm run bench');
  }
});

test('parts are named together or one by one', () => {
  const together = benchOptions(['--only', 'hot,idle', '--only', 'growth'], {}).only;
  expect(together).toEqual(['hot', 'idle', 'growth']);
});

test('the instance is that of the command line, then that of the environment', () => {
  const env = { CORE_BANK_INSTANCE: '7' };
  expect(benchOptions([], env).instance).toBe(7);
  expect(benchOptions(['--instance', '5'], env).instance).toBe(5);
});

test('given no part, all are wanted; else those named and what they rest on', () => {
  expect(isWanted('growth', [])).toBe(true);
  expect(isWanted('transfers', ['transfers1'])).toBe(false);
  expect(isWanted('hot', ['plain'])).toBe(true);
  expect(isWanted('plain', ['hot'])).toBe(false);
});
