import { createPrivateKey, X509Certificate } from 'node:crypto';
import { makeAuthority } from './authority.ts';

const DAY_MS = 24 * 3_600_000;

const read = (text: string) => new X509Certificate(text);

test('given an authority, the anchor believes the issuer, and both may sign', () => {
  const { anchor, issuer, issuerKey } = makeAuthority();
  const [top, below] = [read(anchor), read(issuer)];
  expect([top.ca, below.ca]).toEqual([true, true]);
  expect(top.verify(top.publicKey)).toBe(true);
  expect(below.verify(top.publicKey)).toBe(true);
  expect(below.checkIssued(top)).toBe(true);
  expect(below.checkPrivateKey(createPrivateKey(issuerKey))).toBe(true);
});

test('given a time, both hold from then on, for less than three years', () => {
  const nowMs = Date.parse('2031-02-03T04:05:06Z');
  const { anchor, issuer } = makeAuthority(nowMs);
  for (const { validFrom, validTo } of [read(anchor), read(issuer)]) {
    expect(Date.parse(validFrom)).toBeLessThan(nowMs);
    expect(Date.parse(validTo) - nowMs).toBeGreaterThan(365 * DAY_MS);
    expect(Date.parse(validTo) - nowMs).toBeLessThan(3 * 365 * DAY_MS);
  }
});

test('given two authorities, one does not believe the issuer of the other', () => {
  const [one, other] = [makeAuthority(), makeAuthority()];
  expect(read(one.issuer).serialNumber).not.toBe(read(other.issuer).serialNumber);
  expect(read(one.issuer).verify(read(other.anchor).publicKey)).toBe(false);
});
