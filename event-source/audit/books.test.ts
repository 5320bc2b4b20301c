import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { bankForTests } from '../../domain/bank-for-tests.ts';
import { ownerId } from '../../domain/ids.ts';
import { transferIdOf } from '../../domain/transfer-id.ts';
import { minor, ZERO } from '../../domain/money.ts';
import { isTestSigned } from '../../platform/signer-for-tests.ts';
import { createAuditBooks } from './books.ts';
import type { AuditedTx } from './entries.ts';
import { digestOf, eventOf, eventsOf, jointly } from '../log/events-for-tests.ts';
import { linked, newAccount, personLike, voided } from '../log/events-for-tests.ts';
import { EMPTY_LOG } from '../../proofs/log-transaction.ts';
import { receivedTransaction, sentTransaction } from './reading-thread.ts';
import { readTransaction, type ReadTransaction } from './read-transaction.ts';
import { entriesOf, hashedLog, type PlainEntry } from './hashed-log-for-tests.ts';
import { livedCommands } from './lived-events-for-tests.ts';
import { GENESIS_KEY } from '../immudb/log-end.ts';

const NOT_MARKED = { deleted: false, expiration: null };
const genesis: PlainEntry = { key: GENESIS_KEY, value: Buffer.from('{}') };
const account = newAccount();
const person = personLike(account);

/** Books that followed a genesis, an account with five events and a person with two. */
function followed() {
  const log = hashedLog();
  const books = createAuditBooks(isTestSigned);
  const take = (tx: AuditedTx): string[] =>
    books.take(tx).map(({ kind, detail }) => `${kind}: ${detail}`);
  const before = [
    log.add(genesis),
    log.append(...eventsOf(account, 1, 5)),
    log.append(...eventsOf(person, 1, 2)),
  ];
  expect(before.flatMap(take)).toEqual([]);
  return { log, books, take };
}

test('given a sound log, then every event counts and the books balance', () => {
  const { log, books, take } = followed();
  const opening = { commandId: 'opened-with-a-deposit' };
  const other = newAccount();
  expect(
    take(log.append(...jointly([eventOf(other, 1, opening), eventOf(other, 2, opening)]))),
  ).toEqual([]);
  expect(books.books()).toMatchObject({
    verdict: 'balanced',
    transaction: 4,
    events: 9,
    accounts: 2,
    persons: 1,
    violations: 0,
    currencies: [{ currency: 'EUR', ledgers: '500.00', balanced: true }],
  });
});

test('given no account, then nothing is said to balance', () => {
  const books = createAuditBooks(isTestSigned);
  const log = hashedLog();
  expect(books.books().verdict).toBe('nothing-checked');
  expect(books.take(log.add(genesis))).toEqual([]);
  expect(books.take(log.append(...eventsOf(person, 1, 2)))).toEqual([]);
  expect(books.books()).toMatchObject({ verdict: 'nothing-checked', events: 2 });
});

test('given a tree with another history, then that is reported once, and the rest is read', () => {
  const { log, take } = followed();
  const forged = log.forge({ blRoot: Buffer.alloc(32, 7) }, ...entriesOf(eventOf(account, 6)));
  expect(take(forged)).toEqual([
    'tampered: The Merkle tree in transaction 4 has other transactions than the chain before it: ' +
      'one signature stands for two histories.',
  ]);
  expect(take(log.append(eventOf(account, 7)))).toEqual([]);
  expect(take(log.append(eventOf(account, 7)))).toEqual([
    expect.stringMatching(/written again in transaction 6/),
  ]);
});

describe('given right hashes of wrong entries, then the sentence says what is wrong', () => {
  const lie = (version: number, amount: string) => eventOf(account, version, { amount });
  const { prev } = eventOf(account, 6);
  const again = { id: `${account}/6`, version: 6, prev };
  const openedAgain = { ...eventOf(account, 1), ...again } as BankEvent;
  const [ofSix] = entriesOf(eventOf(account, 6)) as [PlainEntry];
  const jointOf = (event: BankEvent, events: number): BankEvent =>
    ({ ...event, joint: { ...event.joint!, events } }) as BankEvent;
  const cases: [string, PlainEntry[], RegExp][] = [
    ['written again', entriesOf(eventOf(account, 2)).slice(0, 1), /^tampered: .* written again/],
    ['a fork', entriesOf(lie(5, '1.00')).slice(0, 1), /^tampered: .*5 was written again/],
    ['a gap', entriesOf(eventOf(account, 9)), /^incomplete: .* version 9 .* 5: 3 missing/],
    ['a stream from its middle', entriesOf(eventOf(newAccount(), 2)), /^incomplete: .* 1 missing/],
    ['a person with a gap', entriesOf(eventOf(person, 4)), /^incomplete: person.* 1 missing/],
    ['a balance that is a lie', entriesOf(lie(6, '7.00')), /^imbalance: .*breaks fold: claims 500/],
    ['opened twice', entriesOf(openedAgain), /^imbalance: .*6 cannot follow .*opened twice/],
    [
      'a hold that never was',
      entriesOf(voided(account, 6, account.slice('acct/'.length))),
      /^imbalance: .*hold that is not/,
    ],
    ['deleted', [{ ...ofSix, metadata: { ...NOT_MARKED, deleted: true } }], /^tampered: .*deleted/],
    [
      'expiring',
      [{ ...ofSix, metadata: { ...NOT_MARKED, expiration: { expiresAt: 9 } } }],
      /expires/,
    ],
    ['hidden', [{ ...ofSix, metadata: NOT_MARKED }], /has metadata/],
    [
      'the record of a command',
      [ofSix, { key: `cmd/${account}/c`, value: Buffer.from('{"first":6}') }],
      /^tampered: The key "cmd.* none that the bank writes/,
    ],
    [
      'another predecessor',
      entriesOf(eventOf(account, 6, { prev: digestOf(lie(5, '1.00')) })),
      /^tampered: .*6 in transaction 4 names .* as the event before it, which is/,
    ],
    [
      'no predecessor',
      entriesOf({ ...eventOf(account, 6), prev: undefined } as unknown as BankEvent),
      /^tampered: .*6 in transaction 4 names nothing as/,
    ],
    [
      'a leg alone',
      entriesOf(jointly([eventOf(account, 6), eventOf(person, 3)])[0]!),
      /^incomplete: Transaction 4 has 1 of the 2 events that belong to acct.*6/,
    ],
    [
      'a leg too many',
      entriesOf(...linked(jointly(eventsOf(account, 6, 8)).map((one) => jointOf(one, 2)))),
      /^incomplete: Transaction 4 has 3 of the 2 events/,
    ],
    ['a second genesis', [genesis], /none that the bank writes/],
    ['an unknown key', [{ ...genesis, key: 'x/1' }], /"x\/1" .* none that the bank writes/],
    ['no event', [{ ...ofSix, value: Buffer.from('{"index":0,"event":{}}') }], /is no event of it/],
    ['another key', [{ ...ofSix, key: `${account}/6` }], /is no event of it/],
  ];
  test.each(cases)('%s', (_what, entries, sentence) => {
    const { log, books, take } = followed();
    const found = take(log.add(...entries));
    expect(found).toContainEqual(expect.stringMatching(sentence));
    expect(books.books()).toMatchObject({ verdict: 'violated', violations: found.length });
  });

  test('a command that was executed before', () => {
    const { log, take } = followed();
    const found = take(log.append(eventOf(account, 6, { commandId: 'command-2' })));
    expect(found).toEqual([expect.stringMatching(/breaks command-once: command @tests command-2/)]);
  });

  test('the command that was executed last', () => {
    const { log, take } = followed();
    const again = eventOf(account, 6, { commandId: 'command-5' });
    const found = take(log.append(again));
    expect(found).toEqual([expect.stringMatching(/breaks command-once: command @tests command-5/)]);
  });

  test('and what comes after a hole is reported once', () => {
    const { log, take } = followed();
    expect(take(log.append(eventOf(account, 9)))).toHaveLength(1);
    expect(take(log.append(...eventsOf(account, 10, 12)))).toEqual([]);
  });
});

describe('given wrong hashes', () => {
  const other = Buffer.alloc(32, 7);
  type Change = (tx: AuditedTx) => AuditedTx;
  const first = (tx: AuditedTx, change: object): AuditedTx => ({
    ...tx,
    entries: [{ ...tx.entries[0]!, ...change }, ...tx.entries.slice(1)],
  });
  const cases: [string, Change, RegExp][] = [
    ['a value', (tx) => first(tx, { value: tx.entries[1]!.value }), /not the one that was hashed/],
    ['an entry', (tx) => first(tx, { hValue: other }), /not those it was made of/],
    ['a chain', (tx) => ({ ...tx, header: { ...tx.header, prevAlh: other } }), /does not continue/],
    ['a number', (tx) => ({ ...tx, header: { ...tx.header, id: 9 } }), /Transaction 9 follows 3/],
    ['entries left out', (tx) => ({ ...tx, entries: tx.entries.slice(1) }), /2 of 3 entries/],
    ['a value that the disk lost', (tx) => ({ ...tx, valuesLost: true }), /changed on the disk/],
  ];
  test.each(cases)('of %s, then the sentence says so', (_what, change, sentence) => {
    const { log, books, take } = followed();
    expect(take(change(log.append(...eventsOf(account, 6, 7))))[0]).toMatch(sentence);
    expect(books.books().verdict).toBe('violated');
  });
});

describe('given a transfer', () => {
  const bank = bankForTests();
  const [from, to] = [bank.id(0), bank.id(1)];
  for (const id of [from, to]) {
    const terms = { ownerId: ownerId('jana'), currency: bank.currencyOf(0) };
    const money = { overdraftLimit: ZERO, initialDeposit: minor(500n) };
    bank.give(id, { type: 'open-account', ...terms, ...money });
  }
  const terms = { transferId: transferIdOf(from, 1n), toAccountId: to, amount: minor(100n) };
  bank.transfer(from, { type: 'send-transfer', ...terms });
  const events = linked(livedCommands(bank.entries).flatMap((command) => command.events));
  const [sent, received] = events.slice(-2) as [BankEvent, BankEvent];
  const opened = () => {
    const [log, books] = [hashedLog(), createAuditBooks(isTestSigned)];
    const take = (...made: BankEvent[]): string[] =>
      books.take(log.append(...made)).map(({ kind, detail }) => `${kind}: ${detail}`);
    expect([...books.take(log.add(genesis)), ...take(...events.slice(0, -2))]).toEqual([]);
    return { books, take };
  };

  test('with both legs in one transaction, then the books balance', () => {
    const { books, take } = opened();
    expect(take(sent, received)).toEqual([]);
    expect(books.books()).toMatchObject({ verdict: 'balanced', openTransfers: 0 });
  });
  test('with its legs in two, then each stands alone in its transaction', () => {
    const { books, take } = opened();
    const found = take(sent);
    for (const sentence of [
      /^incomplete: Transaction 3 has 1 of the 2 events that belong to acct.*3/,
      /^imbalance: It breaks transfer-legs: .* was sent without its other leg/,
      /^imbalance: It breaks conservation: 100 CZK \(minor units\) stay in flight/,
    ]) {
      expect(found).toContainEqual(expect.stringMatching(sentence));
    }
    const late = take(received).join();
    expect(late).toMatch(/breaks transfer-legs: .* received without its other leg/);
    expect(books.books().verdict).toBe('violated');
  });
});

describe('given transactions that were read in another thread', () => {
  const sent = (tx: ReadTransaction): ReadTransaction =>
    receivedTransaction(structuredClone(sentTransaction(tx)));
  test('then the same is found, and the books are the same', () => {
    const [log, books, other] = [
      hashedLog(),
      createAuditBooks(isTestSigned),
      createAuditBooks(isTestSigned),
    ];
    const wrong = { ...eventOf(account, 6, { amount: '7.00' }), commandId: 'command-2' };
    const txs = [
      log.add(genesis),
      log.append(...eventsOf(account, 1, 5)),
      log.append(wrong as BankEvent),
      log.add({ key: 'x/1', value: Buffer.from('{}') }),
      log.append(eventOf(person, 1)),
    ];
    let state = EMPTY_LOG;
    for (const tx of txs) {
      const read = readTransaction(state, tx, isTestSigned);
      state = read.state;
      expect(other.takeRead(sent(read))).toEqual(books.take(tx));
    }
    expect(other.books()).toEqual(books.books());
    expect(books.books()).toMatchObject({ events: 7, violations: 3 });
  });
});
