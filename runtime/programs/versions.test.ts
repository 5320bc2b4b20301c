import { satisfies, versionIn } from './versions.ts';

describe('versions', () => {
  test.each([
    ['nats-server: v2.15.2', '2.15.2'],
    ['go version go1.26.8 linux/amd64', '1.26.8'],
    ['CLI version: 1.16.5 \nRuntime version: n/a', '1.16.5'],
    ['edge', undefined],
  ])('finds the version in %j', (text, version) => {
    expect(versionIn(text)).toBe(version);
  });

  test.each([
    ['1.18.1', '1.18.0', true, true],
    ['1.18.1', '1.18.2', true, false],
    ['1.17.9', '1.18.0', true, false],
    ['2.0.0', '1.18.0', true, false],
    ['2.0.0', '1.18.0', false, true],
    ['1.9.0', '1.10.0', true, false],
  ])('%s against at least %s (same major %s) is %s', (found, wanted, sameMajor, answer) => {
    expect(satisfies(found, wanted, sameMajor)).toBe(answer);
  });
});
