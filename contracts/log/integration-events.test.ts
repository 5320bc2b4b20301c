import { z } from 'zod';
import { bankEventSchema, type BankEvent } from './bank-events.ts';
import { integrationEventOf, integrationEventSchemas } from './integration-events.ts';

interface Shape {
  readonly properties: { readonly data: { readonly properties: Record<string, object> } };
}

const ACCOUNT = '00000000-0000-8000-8000-000000000001';
const OTHER = '00000000-0000-8000-8000-000000000002';
const HASH = 'k3mN0v5Yq1Zb7cXw2LrT9sUeHgJdFaPoIiKjQyVuBtM';
const balance = { ledger: '112.00', held: '0.00', available: '112.00' };

const eventOf = (type: string, data: object, stream = `acct/${ACCOUNT}`): BankEvent => {
  const said = { commandId: 'salary-2026-11', commandHash: HASH, at: '2026-11-21T10:00:00.000Z' };
  const place = { id: `${stream}/7`, stream, version: 7, schema: 1, type };
  return bankEventSchema.parse({ ...place, ...said, data });
};
const publish = (event: BankEvent) => integrationEventOf(event, 131_073, '/core-bank');

describe('what the public reads', () => {
  test('given a deposit, then it is a CloudEvent with the balance after, and no words', () => {
    const words = { description: 'for Jana', reference: 'Jana 11', metadata: { to: 'Jana' } };
    const money = { amount: '12.00', currency: 'EUR', balance };
    const event = eventOf('money-deposited', { ...money, ...words });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(publish({ ...event, traceparent, causationId: 'file-1' })).toEqual({
      specversion: '1.0',
      id: `acct/${ACCOUNT}/7`,
      source: '/core-bank',
      type: 'bank.account.money-deposited.v1',
      subject: ACCOUNT,
      time: '2026-11-21T10:00:00.000Z',
      datacontenttype: 'application/json',
      traceparent,
      data: {
        version: 7,
        position: 131_073,
        commandId: 'salary-2026-11',
        causationId: 'file-1',
        ...money,
      },
    });
  });

  test('given an account that was opened or named, then nobody reads whose it is', () => {
    const data = { currency: 'EUR', balance, ownerId: 'jana-novakova', name: 'Jana' };
    const opened = publish(eventOf('account-opened', { ...data, overdraftLimit: '5.00' }));
    expect(opened.data).toMatchObject({ overdraftLimit: '5.00', balance });
    expect(JSON.stringify(opened)).not.toMatch(/jana/i);
  });

  test('given a reason, then the codes of the bank leave, and what somebody wrote does not', () => {
    const frozen = { currency: 'EUR', balance, reason: 'divorce of Jana' };
    expect(publish(eventOf('account-frozen', frozen)).data).not.toHaveProperty('reason');
    const leg = { currency: 'EUR', balance, amount: '1.00', otherAccountId: OTHER };
    const released = { ...leg, transferId: ACCOUNT, reason: 'expired' };
    const { data } = publish(eventOf('transfer-released', released));
    expect(data).toMatchObject({ reason: 'expired', otherAccountId: OTHER });
  });

  test('given a person, then only that it happened is published', () => {
    const sealed = 'c2VhbGVk'.repeat(8);
    const registered = publish(eventOf('person-registered', { sealed }, `person/${OTHER}`));
    expect(registered).toMatchObject({ type: 'bank.person.person-registered.v1', subject: OTHER });
    const data = { version: 7, position: 131_073, commandId: 'salary-2026-11' };
    expect(registered.data).toEqual(data);
  });

  test('given a refusal that was recorded, then the rule and what was seen are published', () => {
    const data = {
      command: { commandId: 'rent-11', type: 'withdraw', amount: '200.00' },
      refusal: { code: 'insufficient-funds', available: '112.00', shortfall: '88.00' },
      seen: {
        version: 7,
        status: 'open',
        currency: 'EUR',
        balance,
        overdraftLimit: '0.00',
        spentToday: '0.00',
      },
    };
    const refused = publish(eventOf('command-refused', data, `refusal/${ACCOUNT}`));
    expect(refused).toMatchObject({
      type: 'bank.refusal.command-refused.v1',
      subject: `${ACCOUNT}/refusals`,
      data: { version: 7, ...data },
    });
  });

  test('given every type of the log, then its schema takes no free text and no owner', () => {
    const types = bankEventSchema.options.flatMap(({ options }) => [...options]);
    expect(integrationEventSchemas.size).toBe(types.length);
    for (const [type, schema] of integrationEventSchemas) {
      expect(type).toMatch(/^bank\.(account|approval|person|refusal)\.[a-z-]+\.v1$/);
      const { properties } = z.toJSONSchema(schema, { io: 'input' }) as unknown as Shape;
      const members = properties.data.properties;
      expect(Object.keys(members)).toEqual(expect.arrayContaining(['version', 'commandId']));
      const texts = ['description', 'reference', 'metadata', 'name', 'ownerId', 'sealed'];
      const free = [...texts, 'asked', 'owner'];
      expect(Object.keys(members).filter((name) => free.includes(name))).toEqual([]);
      if (members['reason'] !== undefined) expect(members['reason']).toHaveProperty('enum');
    }
  });
});
