import { generateKeyPairSync } from 'node:crypto';
import { createSigner, openSigned, signatureCheck, signedText } from './signatures.ts';
import { newKeys } from './signer-for-tests.ts';

const [mine, other] = [newKeys(), newKeys()];
const signer = createSigner(mine.privateKey);
const isSigned = signatureCheck(`${other.publicKey},${mine.publicKey}`);

test('what was signed is known by its signer, purpose and text, and by nothing else', () => {
  const signature = signer.sign('a purpose', 'a text');
  expect(isSigned(signer.name, 'a purpose', 'a text', signature)).toBe(true);
  expect(isSigned(signer.name, 'another', 'a text', signature)).toBe(false);
  expect(isSigned(signer.name, 'a purpose', 'a test', signature)).toBe(false);
  expect(isSigned(signer.name, 'a purpose', 'a text', '')).toBe(false);
  const stranger = createSigner(other.privateKey);
  expect(isSigned(stranger.name, 'a purpose', 'a text', signature)).toBe(false);
  expect(isSigned('nobody', 'a purpose', 'a text', signature)).toBe(false);
});

test('given only the keys of others, nothing is signed', () => {
  const signature = signer.sign('p', 't');
  expect(signatureCheck(other.publicKey)(signer.name, 'p', 't', signature)).toBe(false);
});

test('a text comes out of its frame as it went in, and only if it was signed', () => {
  const json = '{"a":"\\"signature\\":\\"ž"}';
  const framed = signedText(signer, 'p', json);
  expect(JSON.parse(framed)).toMatchObject({ signer: signer.name, message: JSON.parse(json) });
  expect(openSigned(isSigned, 'p', framed)).toBe(json);
  expect(openSigned(isSigned, 'q', framed)).toBeUndefined();
  for (const forged of ['', json, framed.replace('"a"', '"b"'), `${framed} `, framed.slice(1)]) {
    expect(openSigned(isSigned, 'p', forged)).toBeUndefined();
  }
});

test('given a key on another curve, or no key, it is refused at once', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  const der = (half: 'privateKey' | 'publicKey', type: string): string =>
    pair[half].export({ type: type as 'pkcs8', format: 'der' }).toString('base64');
  expect(() => createSigner(der('privateKey', 'pkcs8'))).toThrow(/P-256/);
  expect(() => signatureCheck(der('publicKey', 'spki'))).toThrow(/P-256/);
  expect(() => createSigner('x')).toThrow();
  expect(() => signatureCheck('')).toThrow();
});
