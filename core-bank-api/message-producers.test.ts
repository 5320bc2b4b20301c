import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactSign, UnsecuredJWT } from 'jose';
import type { ProducerKey } from '../contracts/access/producers.ts';
import { messageDigest, type CommandEvent } from '../contracts/batch/command-messages.ts';
import { silentLogger as logger } from '../platform/silent-logger-for-tests.ts';
import { keysIn, keysOf, signedBy } from './message-producers.ts';

const EVENT: CommandEvent = {
  specversion: '1.0',
  id: '1',
  source: 'payroll',
  type: 'salary',
  data: { type: 'deposit', accountId: 'a', amount: '5.00' },
};
const elliptic = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const [one, two, other] = [elliptic(), generateKeyPairSync('ed25519'), elliptic()];
const publicOf = (pair: { publicKey: KeyObject }, kid: string): ProducerKey =>
  ({ ...pair.publicKey.export({ format: 'jwk' }), kid }) as unknown as ProducerKey;
const payroll = { client: 'payroll', roles: ['service'], keys: [publicOf(one, 'k1')] };
const shop = { client: 'shop', roles: ['teller'], keys: [publicOf(two, 'k2')] };
const file = JSON.stringify({ producers: [payroll, shop] });
const producerOf = signedBy(() => keysOf(file));

const sign = (
  event: CommandEvent,
  {
    key = one.privateKey,
    alg = 'ES256',
    kid = 'k1',
    claims = {},
  }: { key?: KeyObject | Uint8Array; alg?: string; kid?: string; claims?: object } = {},
): Promise<string> =>
  new CompactSign(
    Buffer.from(JSON.stringify({ client: 'payroll', digest: messageDigest(event), ...claims })),
  )
    .setProtectedHeader({ alg, kid })
    .sign(key);
const signed = async (event = EVENT, how = {}) => ({
  ...event,
  signature: await sign(event, how),
});

test('given a signed message, its producer sends it, with the roles of the file', async () => {
  expect(await producerOf(await signed())).toMatchObject({
    principal: { client: 'payroll', subject: 'payroll', roles: ['service'], strength: 'client' },
  });
  const claims = { client: 'shop', exp: 5 };
  const byShop = await signed(EVENT, { key: two.privateKey, alg: 'EdDSA', kid: 'k2', claims });
  expect(await producerOf(byShop)).toMatchObject({ principal: { client: 'shop' }, expires: 5 });
});

test('given members that brokers and sidecars write, the signature stays right', async () => {
  const carried = { ...(await signed()), traceparent: '00-x', topic: 't', expiration: 'never' };
  expect(await producerOf(carried)).toHaveProperty('principal');
});

describe('a sender without the key of a producer gets nothing executed', () => {
  const digest = messageDigest(EVENT);
  test.each<[string, () => Promise<CommandEvent>, RegExp]>([
    ['no signature', async () => EVENT, /not signed/],
    ['text', async () => ({ ...EVENT, signature: 'x.y.z' }), /wrong/],
    ['an unknown key', () => signed(EVENT, { kid: 'k3' }), /no known producer/],
    ['a key that only has the name', () => signed(EVENT, { key: other.privateKey }), /wrong/],
    [
      'HS256 with the public key',
      () => {
        const key = Buffer.from(one.publicKey.export({ type: 'spki', format: 'pem' }));
        return signed(EVENT, { key, alg: 'HS256' });
      },
      /wrong/,
    ],
    [
      'alg none',
      async () => ({
        ...EVENT,
        signature: new UnsecuredJWT({ client: 'payroll', digest }).encode(),
      }),
      /no known producer|wrong/,
    ],
    ['the name of another', () => signed(EVENT, { claims: { client: 'shop' } }), /another client/],
    ['unknown claims', () => signed(EVENT, { claims: { admin: true } }), /wrong/],
    ...(['id', 'source', 'type', 'data'] as const).map(
      (name): [string, () => Promise<CommandEvent>, RegExp] => [
        `another ${name}`,
        async () => ({ ...(await signed()), [name]: 'forged' }),
        /what was signed/,
      ],
    ),
  ])('%s', async (_name, made, reason) => {
    const produced = await producerOf(await made());
    expect(produced).toEqual({ reason: expect.stringMatching(reason) as string });
  });
});

test('a file with a private key, a kid twice or a strange role is refused', () => {
  const broken = [
    { ...payroll, keys: [{ ...one.privateKey.export({ format: 'jwk' }), kid: 'k1' }] },
    { ...payroll, roles: ['god'] },
    { ...payroll, keys: [payroll.keys[0], { ...shop.keys[0], kid: 'k1' }] },
  ];
  for (const producer of broken) {
    expect(() => keysOf(JSON.stringify({ producers: [producer] }))).toThrow();
  }
});

test('given the file changes, its keys count from then on; a broken file changes nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'producers-'));
  const path = join(folder, 'producers.json');
  const keys = keysIn(path, logger);
  const write = (text: string, at: number): void => {
    writeFileSync(path, text);
    utimesSync(path, at, at);
  };
  expect(keys().size).toBe(0);
  write(file, 1);
  expect([...keys().keys()]).toEqual(['k1', 'k2']);
  write('{', 2);
  expect(keys().size).toBe(2);
  write(JSON.stringify({ producers: [shop] }), 3);
  expect([...keys().keys()]).toEqual(['k2']);
  expect(keysIn(undefined, logger)().size).toBe(0);
  rmSync(folder, { recursive: true });
});
