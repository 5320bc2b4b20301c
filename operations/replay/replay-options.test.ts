import { replayOptions } from './replay-options.ts';

test('a file alone is driven as fast as the bank can, at this instance', () => {
  expect(replayOptions(['a.csv'], { CORE_BANK_INSTANCE: '2' })).toEqual({
    file: 'a.csv',
    speed: Infinity,
    url: 'http://127.0.0.1:5000',
    queryUrl: 'http://127.0.0.1:5001',
  });
});

test('speed and addresses can be given', () => {
  const args = ['--speed', '250', 'a.csv', '--url', 'http://b:1/', '--query-url', 'http://b:2'];
  expect(replayOptions(args, {})).toEqual({
    file: 'a.csv',
    speed: 250,
    url: 'http://b:1',
    queryUrl: 'http://b:2',
  });
});

test.each(['', 'a b', 'a --speed 0', 'a --speed fast', 'a --x'])(
  '"%s" is refused with the usage',
  (line) => {
    const args = line.split(' ').filter((word) => word !== '');
    expect(() => replayOptions(args, {})).toThrow('Usage: npm run replay');
  },
);
