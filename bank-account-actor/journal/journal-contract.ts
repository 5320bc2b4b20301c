import { randomUUID } from 'node:crypto';
import { eventDigest } from '../../contracts/digest.ts';
import type { StreamId } from '../../domain/ids.ts';
import {
  CLAIM_BYTES_MAX,
  rowBytes,
  ROW_BYTES_MAX,
  KeyRetired,
  type Journal,
  type RestoredStream,
  type StoredKeys,
  type StreamWrite,
} from './journal.ts';
import type { Turn } from './journal.ts';

/** A store with a clock: what two hosts share. */
export interface JournalUnderTest {
  /** The adapter of another host on the same store. */
  readonly host: () => Journal & StoredKeys;
  /** Lets the store's clock go on. */
  readonly wait: (ms: number) => Promise<void>;
}

export const newStream = (): StreamId => `acct/${randomUUID()}` as StreamId;
export const digestOf = (version: number): string => eventDigest(`event ${version}`);
const event = (version: number): string => `{"version":${version}}`;

/** A write of one more event, the last of which the log has confirmed none or all but this. */
export const write = (
  stream: StreamId,
  expected: number,
  more: Partial<StreamWrite> = {},
): StreamWrite => ({
  stream,
  expected,
  version: expected + 1,
  digest: digestOf(expected + 1),
  state: `{"at":${expected + 1}}`,
  logged: expected,
  unlogged: [event(expected + 1)],
  due: null,
  ...more,
});
export const turn = (writes: readonly StreamWrite[], more: Partial<Turn> = {}): Turn => ({
  writes,
  guards: [],
  names: [],
  agreed: [],
  unknown: [],
  ...more,
});
export const restored = (
  stream: StreamId,
  version: number,
  more: Partial<RestoredStream> = {},
): RestoredStream => ({
  stream,
  version,
  digest: digestOf(version),
  state: `{"restored":${version}}`,
  due: null,
  ...more,
});
const settled = (stream: StreamId, version: number) => ({
  stream,
  version,
  digest: digestOf(version),
});
const ALL = 100_000;
const IDLE_MS = 300;
const COMMITTED = { outcome: 'committed' };
const HOSTILE = `' " \\ $1 {NULL} \u2028 \u{1f4b8} \\u0000 ; drop table journal.streams --`;

/** What every journal keeps; run on the one in memory and on PostgreSQL. */
export function journalContract(name: string, store: () => JournalUnderTest): void {
  type Stored = Journal & StoredKeys;
  let [a, b]: readonly Stored[] & { 0: Stored; 1: Stored } = [] as never;
  beforeAll(() => {
    a = store().host();
    b = store().host();
  });
  const stored = async (stream: StreamId) => (await b.load([stream])).streams[0];
  const made = async (versions = 1, more: Partial<StreamWrite> = {}): Promise<StreamId> => {
    const stream = newStream();
    for (let at = 0; at < versions; at += 1) {
      expect(await a.commit(turn([write(stream, at, more)]))).toEqual(COMMITTED);
    }
    return stream;
  };

  describe(`${name}: turns`, () => {
    test('given a stream that nobody wrote, nothing is loaded', async () => {
      const stream = newStream();
      expect(await a.load([stream], [{ stream, name: 'n' }])).toEqual({ streams: [], names: [] });
    });
    test('given a commit, another host loads exactly what was written', async () => {
      const stream = await made(2);
      expect(await stored(stream)).toEqual({
        stream,
        version: 2,
        digest: digestOf(2),
        state: '{"at":2}',
        logged: 1,
        unlogged: [event(2)],
      });
    });
    test('given a version that has passed or is to come, the stream is overtaken', async () => {
      const stream = await made(2);
      const before = await stored(stream);
      for (const expected of [0, 1, 3]) {
        expect(await b.commit(turn([write(stream, expected)]))).toEqual({
          outcome: 'overtaken',
          streams: [stream],
        });
      }
      expect(await stored(stream)).toEqual(before);
    });
    test('given one stream overtaken, no stream and no name of the turn is written', async () => {
      const [first, second, fresh] = [await made(), await made(), newStream()];
      const names = [{ stream: first, name: 'n', version: 2 }];
      const writes = [write(first, 1), write(second, 0), write(fresh, 0)];
      expect(await a.commit(turn(writes, { names }))).toEqual({
        outcome: 'overtaken',
        streams: [second],
      });
      const after = await a.load([first, second, fresh], names);
      expect(after.streams.map(({ version }) => version)).toEqual([1, 1]);
      expect(after.names).toEqual([]);
    });
    test('given guards, each must stand where it was read, or be missing as it was', async () => {
      const [target, read, missing] = [await made(), await made(), newStream()];
      const guards = (version: number) => [
        { stream: read, version },
        { stream: missing, version: 0 },
      ];
      expect(await a.commit(turn([write(target, 1)], { guards: guards(1) }))).toEqual(COMMITTED);
      await b.commit(turn([write(read, 1), write(missing, 0)]));
      const outcome = await a.commit(turn([write(target, 2)], { guards: guards(1) }));
      if (outcome.outcome !== 'overtaken') throw new Error(outcome.outcome);
      expect([...outcome.streams].sort()).toEqual([read, missing].sort());
      expect((await stored(target))?.version).toBe(2);
    });
    test('of two hosts at once, one wins each version, alone and crosswise', async () => {
      for (let round = 0; round < 20; round += 1) {
        const [x, y] = [newStream(), newStream()];
        const guard = (stream: StreamId, version: number) => ({ guards: [{ stream, version }] });
        for (const at of [0, 1]) {
          const outcomes = await Promise.all([
            a.commit(turn([write(x, at)], guard(y, at))),
            b.commit(turn([write(y, at)], guard(x, at))),
          ]);
          expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['committed', 'overtaken']);
          const behind = outcomes[0]?.outcome === 'committed' ? y : x;
          expect(await a.commit(turn([write(behind, at)]))).toEqual(COMMITTED);
        }
      }
    });
    test('given a big row, it is kept; a bigger one and a doubled stream are refused', async () => {
      const unlogged = [`"${'é'.repeat(ROW_BYTES_MAX / 2 - 2)}"`];
      const stream = await made(1, { state: '{}', unlogged });
      expect((await stored(stream))?.unlogged).toEqual(unlogged);
      const bigger = write(stream, 1, { state: '{    }', unlogged });
      await expect(a.commit(turn([bigger]))).rejects.toThrow(RangeError);
      await expect(a.commit(turn([write(stream, 1), write(stream, 1)]))).rejects.toThrow(
        RangeError,
      );
      expect((await stored(stream))?.version).toBe(1);
    });
    test('given hostile texts, they come back; raw controls are refused', async () => {
      const text = JSON.stringify({ text: `${HOSTILE}\0\n\u001e` });
      const unlogged = [text, text];
      const stream = await made(1, { state: text, logged: 0, unlogged: [text] });
      const names = [{ stream, name: `${HOSTILE}\0`, version: 2 }];
      const next = write(stream, 1, { logged: 0, unlogged, secret: { keep: HOSTILE } });
      expect(await a.commit(turn([next], { names }))).toEqual(COMMITTED);
      const loaded = await b.load([stream], names);
      expect(loaded.names).toEqual(names);
      expect(loaded.streams[0]).toMatchObject({ unlogged, secret: HOSTILE });
      for (const bad of ['\0', '\n', '\u001e']) {
        const refused = a.commit(turn([write(stream, 2, { state: `"${bad}"` })]));
        await expect(refused).rejects.toThrow(RangeError);
      }
    });
    test('given a key, it stays until it is forgotten, and is in no other member', async () => {
      const stream = await made(1, { secret: { keep: 'k1' } });
      await a.commit(turn([write(stream, 1)]));
      const { secret, ...others } = (await stored(stream))!;
      expect(secret).toBe('k1');
      expect(JSON.stringify(others)).not.toContain('k1');
      await a.commit(turn([write(stream, 1, { secret: 'forget' })]));
      expect((await stored(stream))?.secret).toBe('k1');
      await a.commit(turn([write(stream, 2, { secret: 'forget' })]));
      expect(await stored(stream)).not.toHaveProperty('secret');
    });
  });

  describe(`${name}: names`, () => {
    test('given a name that was executed, no later turn is committed with it', async () => {
      const [stream, other] = [newStream(), await made()];
      const names = [{ stream, name: 'n', version: 1 }];
      expect(await a.commit(turn([write(stream, 0)], { names }))).toEqual(COMMITTED);
      const known = { outcome: 'known', names };
      const again = [{ stream, name: 'n', version: 2 }];
      expect(await b.commit(turn([write(stream, 1)], { names: again }))).toEqual(known);
      expect(await b.commit(turn([write(other, 1)], { unknown: again }))).toEqual(known);
      expect(await b.commit(turn([write(stream, 0)], { names }))).toMatchObject({
        outcome: 'overtaken',
      });
      const elsewhere = [{ stream: other, name: 'n', version: 2 }];
      expect(await b.commit(turn([write(other, 1)], { names: elsewhere }))).toEqual(COMMITTED);
      expect((await stored(stream))?.version).toBe(1);
    });
    test('given an agreed number, any turn may agree; none is committed with another', async () => {
      const [x, y] = [await made(), await made()];
      const batch = newStream();
      const one = [{ stream: batch, name: 'K', version: 2 ** 48 }];
      const other = [{ ...one[0]!, version: 7 }];
      expect(await a.commit(turn([write(x, 1)], { agreed: one }))).toEqual(COMMITTED);
      expect(await b.commit(turn([write(y, 1)], { agreed: one }))).toEqual(COMMITTED);
      const known = { outcome: 'known', names: one };
      expect(await b.commit(turn([write(y, 2)], { agreed: other }))).toEqual(known);
      expect(await b.commit(turn([write(y, 2)], { unknown: one }))).toEqual(known);
      expect((await stored(y))?.version).toBe(2);
      // Of what was executed before, both are reported at once.
      const names = [{ stream: x, name: 'n', version: 3 }];
      expect(await a.commit(turn([write(x, 2)], { names, agreed: one }))).toEqual(COMMITTED);
      const again = await a.commit(turn([write(x, 3)], { names, agreed: one }));
      expect(again).toEqual({ outcome: 'known', names: [...names, ...one] });
      expect((await b.load([], one)).names).toEqual(one);
    });
    test('given two numbers at once, turns are committed with one of them only', async () => {
      for (let round = 0; round < 20; round += 1) {
        const streams = await Promise.all(Array.from({ length: 6 }, () => made()));
        const batch = newStream();
        const outcomes = await Promise.all(
          streams.map(async (stream, at) => {
            const version = 1 + (at % 2);
            const agreed = [{ stream: batch, name: 'K', version }];
            const host = at < 3 ? a : b;
            const { outcome } = await host.commit(turn([write(stream, 1)], { agreed }));
            return outcome === 'committed' ? version : 0;
          }),
        );
        const committed = outcomes.filter((version) => version > 0);
        expect(committed).toHaveLength(3);
        expect(new Set(committed).size).toBe(1);
      }
    });
    test('given one name in two turns at once, one executes it', async () => {
      for (let round = 0; round < 20; round += 1) {
        const [x, y] = [await made(), await made()];
        const names = [{ stream: x, name: 'once', version: 1 }];
        const outcomes = await Promise.all([
          a.commit(turn([write(x, 1)], { names })),
          b.commit(turn([write(y, 1)], { names })),
        ]);
        expect(outcomes.filter(({ outcome }) => outcome === 'committed')).toHaveLength(1);
        const versions = (await a.load([x, y])).streams.map(({ version }) => version);
        expect(versions.sort((a, b) => a - b)).toEqual([1, 2]);
      }
    });
  });

  describe(`${name}: late writes`, () => {
    // Finding Q: an unfenced write, applied late, undid what came after it.
    test('given writes once more, in any order, nothing newer changes', async () => {
      const stream = newStream();
      const commits = [0, 1, 2].map((at) =>
        turn([write(stream, at, { due: 5, secret: { keep: `k${at}` } })], {
          names: [{ stream, name: `late ${at}`, version: at + 1 }],
        }),
      );
      for (const commit of commits) expect(await a.commit(commit)).toEqual(COMMITTED);
      await a.settle([settled(stream, 3)]);
      await a.commit(turn([write(stream, 3)]));
      const before = await stored(stream);
      for (const commit of [...commits].reverse()) await b.commit(commit);
      await b.settle([1, 2, 3].map((version) => settled(stream, version)));
      await b.settle([{ stream, version: 4, digest: digestOf(3) }]);
      for (const version of [1, 3, 4])
        expect(await b.restore([restored(stream, version)], [])).toBe(0);
      expect(await stored(stream)).toEqual(before);
      await a.settle([settled(stream, 4)]);
      const after = { ...before, logged: 4, unlogged: [] };
      expect(await stored(stream)).toEqual(after);
      await a.settle([settled(stream, 4)]);
      await b.commit(turn([write(stream, 3)]));
      expect(await stored(stream)).toEqual(after);
    });
    test('given an earlier mark that comes late, the later one stays', async () => {
      const at = (second: number) => new Date(Date.now() + second * 1000).toISOString();
      const [restoring, whole] = [at(1), at(2)];
      await a.setMark({ state: 'restoring', at: restoring });
      await a.setMark({ state: 'whole', at: whole });
      for (const late of [restoring, whole]) {
        await expect(b.setMark({ state: 'restoring', at: late })).rejects.toThrow('later mark');
      }
      await b.setMark({ state: 'whole', at: whole });
      expect(await a.mark()).toEqual({ state: 'whole', at: whole });
    });
    test('given a quarantine, its first reason stays and nothing is committed', async () => {
      const [stream, other] = [await made(1, { due: 1 }), await made()];
      await a.quarantine(stream, `fork ${HOSTILE}\0`);
      await b.quarantine(stream, 'another');
      await a.quarantine(newStream(), 'no row');
      const reason = `fork ${HOSTILE}\ufffd`;
      expect((await stored(stream))?.quarantine).toBe(reason);
      expect(await b.quarantined(ALL)).toContainEqual({ stream, reason });
      const overtaken = { outcome: 'overtaken', streams: [stream] };
      expect(await a.commit(turn([write(stream, 1)]))).toEqual(overtaken);
      const guards = [{ stream, version: 1 }];
      expect(await a.commit(turn([write(other, 1)], { guards }))).toEqual(overtaken);
      expect(await a.restore([restored(stream, 9)], [])).toBe(1);
      expect(await stored(stream)).toMatchObject({ version: 9, quarantine: reason });
      expect(await a.claimDue(10, 1, ALL)).not.toContain(stream);
    });
    test('given streams, a page tells where each ends, after one and in order', async () => {
      const [one, two] = [await made(3), await made(1)];
      await a.quarantine(two, 'a fork');
      const all = await b.heads('', ALL);
      const head = (stream: StreamId, version: number, quarantined: boolean) => ({
        stream,
        version,
        digest: digestOf(version),
        quarantined,
      });
      expect(all).toContainEqual(head(one, 3, false));
      expect(all).toContainEqual(head(two, 1, true));
      const at = all.findIndex(({ stream }) => stream === one);
      expect((await b.heads(one, 1))[0]).toEqual(all[at + 1]);
      expect(await b.heads(all.at(-1)!.stream, 1)).toEqual([]);
    });
    test('given a restore, rows only go forward, and names and keys come with them', async () => {
      const [ahead, behind, missing] = [await made(3), await made(1), newStream()];
      // A command with several events gets each of them reported; the first one counts.
      const names = [7, 8].map((version) => ({ stream: missing, name: 'r', version }));
      const rows = [
        ...[ahead, behind, missing].map((stream) => restored(stream, 2, { due: 3 })),
        restored(newStream(), 1, { secret: { keep: 'k' } }),
      ];
      expect(await a.restore(rows, names)).toBe(3);
      expect(await b.restore(rows, [{ ...names[0]!, version: 8 }])).toBe(0);
      expect((await stored(ahead))?.version).toBe(3);
      for (const stream of [behind, missing]) {
        expect(await stored(stream)).toEqual({
          stream,
          version: 2,
          digest: digestOf(2),
          state: '{"restored":2}',
          logged: 2,
          unlogged: [],
        });
      }
      expect((await a.load([], [names[0]!])).names).toEqual([names[0]]);
      expect((await stored(rows[3]!.stream))?.secret).toBe('k');
      const withKey = restored(missing, 2, { secret: { keep: 'later' } });
      expect(await a.restore([withKey], [])).toBe(1);
      expect((await stored(missing))?.secret).toBe('later');
      expect(await a.restore([restored(missing, 3, { secret: 'forget' })], [])).toBe(1);
      expect(await stored(missing)).not.toHaveProperty('secret');
    });
    test('given a key that comes or goes, nothing else of the row changes', async () => {
      const stream = await made(3, { due: 7 });
      const before = (await stored(stream))!;
      const at = (version: number, secret: RestoredStream['secret']) =>
        a.restore([restored(stream, version, { state: '"other"', secret: secret! })], []);
      expect(await at(2, { keep: 'k' })).toBe(0);
      expect(await at(3, { keep: 'k' })).toBe(1);
      expect(await at(3, { keep: 'another' })).toBe(0);
      expect(await stored(stream)).toEqual({ ...before, secret: 'k' });
      expect(await a.claimDue(7, 1, ALL)).toContain(stream);
      expect(await at(1, 'forget')).toBe(1);
      expect(await at(1, 'forget')).toBe(0);
      expect(await stored(stream)).toEqual(before);
    });
    test('given a story that is dropped, the row waits in quarantine for a restore', async () => {
      const stream = await made(3, { due: 7, secret: { keep: 'k' } });
      const name = (text: string, version: number) => ({ stream, name: text, version });
      const names = [name('m', 3), name('n', 4)];
      await a.commit(turn([write(stream, 3)], { names }));
      expect(await b.dropStory(stream, digestOf(3), names)).toBe(false);
      expect(await b.dropStory(stream, digestOf(4), [name('m', 4), name('n', 4)])).toBe(true);
      const empty = { version: 1, digest: '', logged: 0, unlogged: [], secret: 'k' };
      expect(await stored(stream)).toMatchObject({ ...empty, quarantine: expect.anything() });
      expect((await a.load([], names)).names).toEqual([name('m', 3)]);
      expect(await a.claimDue(7, 1, ALL)).not.toContain(stream);
      const overtaken = { outcome: 'overtaken', streams: [stream] };
      expect(await a.commit(turn([write(stream, 1)]))).toEqual(overtaken);
      expect(await a.restore([restored(stream, 1)], [])).toBe(1);
      expect(await a.commit(turn([write(stream, 1)]))).toEqual(overtaken);
      await a.release(stream);
      expect(await a.commit(turn([write(stream, 1)]))).toEqual(COMMITTED);
      expect((await stored(stream))?.secret).toBe('k');
    });
    test('given a release, a row with what the log lacks stays, an empty one goes', async () => {
      const stream = await made(1);
      await a.quarantine(stream, 'a fork');
      await a.release(stream);
      expect(await stored(stream)).toMatchObject({ quarantine: 'a fork' });
      expect(await a.dropStory(stream, digestOf(1), [])).toBe(true);
      expect(await a.dropStory(stream, '', [])).toBe(true);
      expect(await stored(stream)).toMatchObject({ quarantine: 'a fork' });
      await a.release(stream);
      expect(await stored(stream)).toBeUndefined();
      expect(await a.commit(turn([write(stream, 0)]))).toEqual(COMMITTED);
    });
  });

  describe(`${name}: claims`, () => {
    const mine = (all: readonly StreamId[], of: readonly StreamId[]): StreamId[] =>
      of.filter((stream) => all.includes(stream));
    test('given unsettled streams, two hosts never get one within the lease', async () => {
      const streams = await Promise.all(Array.from({ length: 40 }, () => made()));
      const [logged] = [await made()];
      await a.settle([settled(logged, 1)]);
      const claim = async (host: Journal, idleMs = IDLE_MS) =>
        mine(
          (await host.claimUnsettled(idleMs, ALL)).map(({ stream }) => stream),
          [...streams, logged],
        );
      expect(await claim(a, 60_000)).toEqual([]);
      await store().wait(IDLE_MS + 50);
      await a.commit(turn([write(streams[0]!, 1)]));
      const claims = await Promise.all([claim(a), claim(b), claim(a), claim(b)]);
      expect(claims.flat().sort()).toEqual(streams.slice(1).sort());
      expect(await claim(b, 60_000)).toEqual([]);
      await store().wait(IDLE_MS + 50);
      expect((await claim(b)).sort()).toEqual([...streams].sort());
    });
    // Finding S4: rows were recovered by their number, whatever their size.
    test('given more than a claim takes, the rest comes with the next', async () => {
      const big = { state: '{}', unlogged: [`"${'x'.repeat(900_000)}"`] };
      const streams = [await made(1, big), await made(1, big), await made(1, big)];
      await store().wait(IDLE_MS + 50);
      const claimed: StreamId[] = [];
      while (mine(claimed, streams).length < streams.length) {
        // The limit would let all of them come at once.
        const got = await a.claimUnsettled(IDLE_MS, ALL);
        expect(got.length).toBeGreaterThan(0);
        const bytes = got.reduce((sum, row) => sum + rowBytes(row), 0);
        expect(bytes).toBeLessThanOrEqual(CLAIM_BYTES_MAX);
        claimed.push(...got.map(({ stream }) => stream));
      }
    });
    test('given keys by what wrapped them, all others than one are found', async () => {
      const streams = [
        await made(1, { secret: { keep: 'aa.1' } }),
        await made(1, { secret: { keep: 'mm.2' } }),
        await made(1, { secret: { keep: 'zz.3' } }),
      ];
      await made(1);
      const others = async (id: string) =>
        (await b.keysOtherThan(id, ALL))
          .filter(({ stream }) => streams.includes(stream))
          .map(({ secret }) => secret)
          .sort();
      expect(await others('mm')).toEqual(['aa.1', 'zz.3']);
      expect(await others('aa')).toEqual(['mm.2', 'zz.3']);
      expect(await others('m')).toEqual(['aa.1', 'mm.2', 'zz.3']);
      expect(await b.keysOtherThan('mm', 1)).toHaveLength(1);
    });
    test('given a key that was retired, nothing that it wraps is written by any host', async () => {
      const id = randomUUID().slice(0, 8);
      const [stream, other] = [await made(1, { secret: { keep: `${id}.x` } }), newStream()];
      await a.retireKeys([id]);
      await a.retireKeys([id]);
      const before = await stored(stream);
      const keep = { secret: { keep: `${id}.y` } };
      const turns = [
        () => b.commit(turn([write(stream, 1, keep)])),
        () => b.commit(turn([write(newStream(), 0), write(other, 0, keep)])),
        () => b.restore([restored(other, 1, keep)], []),
        () => b.replaceKeys([{ stream, before: `${id}.x`, after: `${id}.z` }]),
      ];
      for (const late of turns) await expect(late()).rejects.toThrow(KeyRetired);
      expect(await stored(stream)).toEqual(before);
      expect(await stored(other)).toBeUndefined();
      // What it has wrapped stays until another key wraps it, and all else goes on.
      expect(await a.commit(turn([write(stream, 1)]))).toEqual(COMMITTED);
      expect(await a.replaceKeys([{ stream, before: `${id}.x`, after: 'new.x' }])).toBe(1);
      expect(await a.commit(turn([write(stream, 2, { secret: { keep: 'new.y' } })]))).toEqual(
        COMMITTED,
      );
      expect(await a.commit(turn([write(stream, 3, { secret: 'forget' })]))).toEqual(COMMITTED);
    });
    test('given due times, each is given once a lease, and again with a new one', async () => {
      const now = 1_000_000;
      const due = await Promise.all(
        Array.from({ length: 20 }, (_unused, at) => made(1, { due: now - at })),
      );
      const later = await made(1, { due: now + 50 });
      const all = [...due, later];
      const claim = async (host: Journal, at = now, leaseMs = 100) =>
        mine(await host.claimDue(at, leaseMs, ALL), all);
      const claims = await Promise.all([claim(a), claim(b), claim(a)]);
      expect(claims.flat().sort()).toEqual([...due].sort());
      expect(await claim(b, now + 60)).toEqual([later]);
      await a.commit(turn([write(due[0]!, 1, { due: now })]));
      await a.commit(turn([write(due[1]!, 1, { due: now + 61 })]));
      await a.commit(turn([write(due[2]!, 1)]));
      expect(await claim(b, now + 61)).toEqual([due[1]]);
      expect((await claim(b, now + 100)).sort()).toEqual([due[0]!, ...due.slice(3)].sort());
    });
    test('given approvals that wait, then they are listed in order, behind a place', async () => {
      // Of another time for each run: a store is shared by tests.
      const now = Date.now();
      const names = Array.from({ length: 4 }, () => `approval/${randomUUID()}` as StreamId).sort();
      const [one, two, three, ended] = names as [StreamId, StreamId, StreamId, StreamId];
      const dues = [now + 5, now, now, null];
      const all = names.map((stream, at) => write(stream, 0, { due: dues[at]! }));
      await a.commit(turn([...all, write(newStream(), 0, { due: now })]));
      const listed = await b.waiting({ due: now - 1, stream: '' }, 100);
      const state = '{"at":1}';
      expect(listed.slice(0, 3)).toEqual([
        { stream: two, due: now, state },
        { stream: three, due: now, state },
        { stream: one, due: now + 5, state },
      ]);
      expect(await b.waiting({ due: now, stream: two }, 1)).toEqual([listed[1]]);
      expect(listed.map(({ stream }) => stream)).not.toContain(ended);
      await a.quarantine(two, 'a fork');
      expect((await b.waiting({ due: now - 1, stream: '' }, 1))[0]?.stream).toBe(three);
      expect((await b.waiting(undefined, 100)).length).toBeGreaterThanOrEqual(2);
    });
    test('given a claim by a clock that was far ahead, then nobody waits for it', async () => {
      const [now, day] = [2_000_000, 86_400_000];
      const stream = await made(1, { due: now });
      const claim = async (host: Journal, at: number) =>
        mine(await host.claimDue(at, 100, ALL), [stream]);
      expect(await claim(a, now + day)).toEqual([stream]);
      expect(await claim(b, now)).toEqual([stream]);
      expect(await claim(b, now)).toEqual([]);
    });
  });
}
