import type { EventSignature } from '../../contracts/log/event-signatures.ts';
import { createSigner } from '../../platform/signatures.ts';
import { isTestSigned, newKeys } from '../../platform/signer-for-tests.ts';
import { GENESIS_KEY } from '../immudb/log-end.ts';
import { eventOf, eventsOf, newAccount } from '../log/events-for-tests.ts';
import { signaturesOf, signedEvents } from '../log/signed-events-for-tests.ts';
import { createAuditBooks } from './books.ts';
import type { AuditedTx } from './entries.ts';
import {
  hashedLog,
  signaturesEntry,
  unsignedEntriesOf,
  type PlainEntry,
} from './hashed-log-for-tests.ts';

const account = newAccount();
const [six, seven] = [eventOf(account, 6), eventOf(account, 7)];
const stranger = createSigner(newKeys().privateKey);
const by = (signer: typeof stranger, ...events: (typeof six)[]): EventSignature[] =>
  signaturesOf(signedEvents(events, signer));
const ofHost = (...events: (typeof six)[]): EventSignature[] => signaturesOf(signedEvents(events));

/** A sound log of five events, and what the audit finds in further transactions. */
function audited() {
  const [log, books] = [hashedLog(), createAuditBooks(isTestSigned)];
  const take = (tx: AuditedTx): string[] =>
    books.take(tx).map(({ kind, detail }) => `${kind}: ${detail}`);
  const genesis = log.add({ key: GENESIS_KEY, value: Buffer.from('{}') });
  expect([...take(genesis), ...take(log.append(...eventsOf(account, 1, 5)))]).toEqual([]);
  return { log, books, take };
}
const forged = (version: number): RegExp =>
  new RegExp(`^forged: ${account}/0{15}${version} .* is forged: no actor host signed it.$`);

describe('given an event, right in every other way, the audit says that nobody signed it', () => {
  const cases: [what: string, entries: PlainEntry[]][] = [
    ['without a signature', []],
    ['with one of another key', [signaturesEntry([six], by(stranger, six))]],
    [
      'with one of another key under the name of the host',
      [signaturesEntry([six], [{ ...by(stranger, six)[0]!, signer: ofHost(six)[0]!.signer }])],
    ],
    ['with one of another event', [signaturesEntry([six], ofHost(eventOf(account, 5)))]],
    [
      'with one of another event that says it is of this',
      [signaturesEntry([six], [{ ...ofHost(seven)[0]!, digests: ofHost(six)[0]!.digests }])],
    ],
    ['with something else there', [{ ...signaturesEntry([six]), value: Buffer.from('{}') }]],
    ['with no JSON there', [{ ...signaturesEntry([six]), value: Buffer.from('{') }]],
  ];
  test.each(cases)('%s', (_what, entries) => {
    const { log, books, take } = audited();
    const found = take(log.add(...unsignedEntriesOf(six), ...entries));
    expect(found).toEqual([expect.stringMatching(forged(6))]);
    expect(books.books()).toMatchObject({ verdict: 'violated', violations: 1 });
    expect(take(log.append(seven))).toEqual([]);
  });

  test('among others that the host signed', () => {
    const { log, take } = audited();
    const entries = [...unsignedEntriesOf(six, seven), signaturesEntry([six, seven], ofHost(six))];
    expect(take(log.add(...entries))).toEqual([expect.stringMatching(forged(7))]);
  });
});

describe('given what the host signed', () => {
  test('in one message that went into several transactions, all of it is sound', () => {
    const { log, take } = audited();
    const signed = ofHost(six, seven);
    for (const event of [six, seven]) {
      const tx = log.add(...unsignedEntriesOf(event), signaturesEntry([event], signed));
      expect(take(tx)).toEqual([]);
    }
  });
  test('in several messages that went into one transaction, all of it is sound', () => {
    const { log, take } = audited();
    const signatures = [...ofHost(six), ...ofHost(seven)];
    const tx = log.add(...unsignedEntriesOf(six, seven), signaturesEntry([six, seven], signatures));
    expect(take(tx)).toEqual([]);
  });
  const more: [what: string, entries: PlainEntry[], sentence: RegExp][] = [
    ['twice', [signaturesEntry([six]), signaturesEntry([six])], /signatures .* not as the bank/],
    [
      'and a stranger too',
      [signaturesEntry([six], [...ofHost(six), ...by(stranger, six)])],
      /signatures .* not as the bank/,
    ],
    [
      'so that it expires',
      [
        {
          ...signaturesEntry([six]),
          metadata: { deleted: false, expiration: { expiresAt: 9 }, nonIndexable: true },
        },
      ],
      /expires/,
    ],
  ];
  test.each(more)('%s, it is tampered with', (_what, entries, sentence) => {
    const { log, take } = audited();
    const found = take(log.add(...unsignedEntriesOf(six), ...entries));
    expect(found).toContainEqual(expect.stringMatching(sentence));
  });
});
