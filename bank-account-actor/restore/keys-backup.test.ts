import type { StreamId } from '../../domain/ids.ts';
import { KeysBackupUnfit, PASSPHRASE_VARIABLE, sealKeys, unsealKeys } from './keys-backup.ts';

const STREAM = 'person/00000000-0000-8000-8000-000000000001' as StreamId;
const KEYS = new Map([[STREAM, 'a-secret-key']]);
const with_ = (passphrase: string) => ({ [PASSPHRASE_VARIABLE]: passphrase });
const RIGHT = with_('correct horse battery');

describe('a backup of keys', () => {
  const sealed = sealKeys(KEYS, '2026-01-02T03:04:05.678Z', RIGHT);
  test('gives the keys back to who has the passphrase, and holds nothing in clear', () => {
    expect(unsealKeys(sealed, RIGHT)).toEqual(KEYS);
    expect(sealed).not.toContain('a-secret-key');
    expect(sealed).not.toContain(STREAM);
  });
  test('of an earlier release gives them back as well', () => {
    const earlier = {
      format: 'core-bank keys 1',
      salt: 'NhyEq5ZJvM2iXTIKk4NtqA',
      nonce: 'Dw0HajecEAvSB90Z',
      tag: 'c4qN-swjIaz_dPBZKo7fGQ',
      sealed:
        'Bn3e4QkvPTEbkmIvw8LjzLh3UG1zWYhuLQ6_g2sF7mgQZ1bpZcbjJMxcEsXu8UAA_xNbMpjpbKFC5XJA0osh' +
        '1glPAVVRp1blkuzQftDjwRchJO0IRQDnb6IOlVB5yhC2nP8qXRJQbqQrcUxYmcQ',
    };
    expect(unsealKeys(JSON.stringify(earlier), RIGHT)).toEqual(KEYS);
    expect(Object.keys(JSON.parse(sealed) as object)).toEqual(Object.keys(earlier));
  });
  test('is refused with another passphrase, or none', () => {
    expect(() => unsealKeys(sealed, with_('another passphrase'))).toThrow(/passphrase is another/);
    expect(() => unsealKeys(sealed, {})).toThrow(/Set the environment variable/);
    expect(() => sealKeys(KEYS, '', with_('short'))).toThrow(KeysBackupUnfit);
  });
  test('is refused when a character was changed or the end is missing', () => {
    const at = sealed.length - 20;
    const other = sealed[at] === 'A' ? 'B' : 'A';
    expect(() => unsealKeys(sealed.slice(0, at) + other + sealed.slice(at + 1), RIGHT)).toThrow(
      /torn, changed/,
    );
    expect(() => unsealKeys(sealed.slice(0, at), RIGHT)).toThrow(/torn, changed/);
  });
});
