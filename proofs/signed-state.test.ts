import { generateKeyPairSync } from 'node:crypto';
import { readPublicKey, signatureFault } from './signed-state.ts';
import { readVectors } from './vectors-for-tests.ts';

const { states, db, publicKey } = readVectors();
const key = readPublicKey(publicKey);
const signed = (at: number) => ({ db, ...states[at]! });
const foreignKey = (namedCurve: string): string =>
  String(
    generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'pem' }),
  );

test('given states that the database signed, then each is accepted', () => {
  expect(states).toHaveLength(40);
  for (const at of states.keys()) expect(signatureFault(signed(at), key)).toBeUndefined();
});

describe('given a state that the database did not sign, then it is refused', () => {
  const state = signed(7);
  test.each([
    ['without a signature', { ...state, signature: Buffer.alloc(0) }, 'signature-missing'],
    ['of another state', { ...state, signature: states[8]!.signature }, 'signature-foreign'],
    ['of another database', { ...state, db: 'corebanc' }, 'signature-foreign'],
    ['of another transaction', { ...state, txId: 9 }, 'signature-foreign'],
    ['of another hash', { ...state, txHash: states[8]!.txHash }, 'signature-foreign'],
    ['that is no signature', { ...state, signature: Buffer.from('MEUC') }, 'signature-foreign'],
    ['with half a hash', { ...state, txHash: state.txHash.subarray(16) }, 'signature-foreign'],
  ])('%s', (_what, changed, fault) => {
    expect(signatureFault(changed, key)).toMatchObject({ fault });
  });

  test('by the key of another bank', () => {
    const other = readPublicKey(foreignKey('prime256v1'));
    expect(signatureFault(state, other)).toMatchObject({ fault: 'signature-foreign' });
  });
});

test('given a key that is not on P-256, then it is no key of a bank', () => {
  expect(() => readPublicKey(foreignKey('secp256k1'))).toThrow(/P-256/);
});
