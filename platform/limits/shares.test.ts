import { createShares, type Holder } from './shares.ts';

const of = (client: string, more: Partial<Holder> = {}): Holder => ({ client, ...more });

describe('shares of work', () => {
  test('given a client with all of its part, it has no more until one has ended', () => {
    const shares = createShares({ total: 10, perClient: 2 });
    expect([shares.take(of('a')), shares.take(of('a'))]).toEqual([undefined, undefined]);
    expect(shares.take(of('a'))).toBe('perClient');
    shares.give(of('a'));
    expect(shares.take(of('a'))).toBeUndefined();
  });
  test('given clients that use up all, another one still gets a part', () => {
    const shares = createShares({ total: 4, perClient: 2 });
    for (const client of ['a', 'a', 'b', 'b']) expect(shares.take(of(client))).toBeUndefined();
    expect(shares.take(of('c'))).toBeUndefined();
    expect(shares.take(of('c'))).toBe('total');
    expect(shares.underWay()).toBe(5);
  });
  test('given a person with half of their client, the others of it get the rest', () => {
    const shares = createShares({ total: 10, perClient: 4 });
    const ada = of('web', { person: 'ada' });
    const bea = of('web', { person: 'bea' });
    expect([ada, ada, ada, bea].map(shares.take)).toEqual([
      undefined,
      undefined,
      'perPerson',
      undefined,
    ]);
    expect(shares.take(of('app', { person: 'ada' }))).toBeUndefined();
  });
  test('given an object that many clients ask for, it has a part of its own', () => {
    const shares = createShares({ total: 10, perClient: 5, perObject: 2 });
    const hot = (client: string) => of(client, { object: '1' });
    expect(['a', 'b', 'c'].map((client) => shares.take(hot(client)))).toEqual([
      undefined,
      undefined,
      'perObject',
    ]);
    expect(shares.take(of('c', { object: '2' }))).toBeUndefined();
  });
  test('given a thousand that came and went, nothing is under way', () => {
    const shares = createShares({ total: 3, perClient: 3 });
    for (let at = 0; at < 1_000; at += 1) {
      const holder = of(`client-${at}`, { person: `${at}`, object: `${at}` });
      expect(shares.take(holder)).toBeUndefined();
      shares.give(holder);
    }
    expect(shares.underWay()).toBe(0);
  });
});
