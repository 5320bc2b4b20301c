import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Client } from 'pg';
import {
  journalUrl,
  provisionJournal,
  recreateJournal,
} from '../../runtime/programs/journal-database.ts';
import { connectToPostgres } from '../../runtime/programs/postgres-connection.ts';
import { startPostgres, type PostgresForTests } from '../../runtime/programs/postgres-for-tests.ts';
import { digestOf, journalContract, newStream, restored, turn, write } from './journal-contract.ts';
import type { StreamId } from '../../domain/ids.ts';
import { KeyRetired, type Journal, type SecretChange, type Turn } from './journal.ts';
import { memoryJournal } from './memory-journal.ts';
import { pgJournal, type PgJournal } from './pg-journal.ts';

const START_MS_MAX = 60_000;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const RUNS = 40;
let postgres: PostgresForTests;
const hosts: PgJournal[] = [];
const host = (): PgJournal => {
  const made = pgJournal(journalUrl(postgres.instance, postgres.secrets), () => undefined);
  hosts.push(made);
  return made;
};

beforeAll(async () => {
  postgres = await startPostgres();
}, START_MS_MAX);
afterAll(async () => {
  await Promise.all(hosts.map((each) => each.end()));
  await postgres.stop();
}, START_MS_MAX);

journalContract('PostgreSQL', () => ({ host, wait: (ms) => sleep(ms) }));

const asApp = async (sql: string): Promise<unknown> => {
  const { instance, secrets } = postgres;
  const client = new Client({ connectionString: journalUrl(instance, secrets) });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
};
const asAdmin = async (sql: string) => {
  const client = await connectToPostgres(postgres.instance, postgres.secrets, 'journal');
  try {
    return await client.query<Record<string, unknown>>(sql);
  } finally {
    await client.end();
  }
};

test('given the role of the app, it executes the functions and nothing else', async () => {
  for (const table of ['streams', 'names', 'marks', 'retired_keys', 'applied_sql']) {
    for (const sql of [`select from journal.${table}`, `delete from journal.${table}`]) {
      await expect(asApp(sql)).rejects.toThrow('permission denied');
    }
  }
  for (const sql of ['create table public.t ()', 'create table journal.t ()', 'create schema s']) {
    await expect(asApp(sql)).rejects.toThrow('permission denied');
  }
  await expect(asApp('create temp table t ()')).rejects.toThrow('permission denied');
  await expect(asApp('set role journal_owner')).rejects.toThrow('permission denied');
  await asApp('select * from journal.get_mark()');
});

test('given a busy stream, also with a key, its next version touches no index', async () => {
  const streams = Array.from({ length: 20 }, newStream);
  // A connection tells its counts at the latest when it ends.
  const commit = async (
    from: number,
    to: number,
    secret?: SecretChange,
  ): Promise<{ all: number; hot: number }> => {
    const { instance, secrets } = postgres;
    const journal = pgJournal(journalUrl(instance, secrets), () => undefined);
    for (let at = from; at < to; at += 1) {
      const more = secret === undefined ? {} : { secret };
      await journal.commit(turn(streams.map((stream) => write(stream, at, more))));
    }
    await journal.end();
    await sleep(200);
    const { rows } = await asAdmin(
      'select n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_all_tables ' +
        "where schemaname = 'journal' and relname = 'streams'",
    );
    return rows[0] as { all: number; hot: number };
  };
  await Promise.all(hosts.splice(0).map((each) => each.end()));
  const before = await commit(0, 1, { keep: 'key.x' });
  const after = await commit(1, 101);
  expect(after.all - before.all).toBe(2_000);
  expect(after.hot - before.hot).toBeGreaterThan(1_800);
});

test('given the SQL applied again and a crash, what was committed is there', async () => {
  const [journal, stream] = [host(), newStream()];
  await journal.commit(turn([write(stream, 0)]));
  await provisionJournal(postgres.instance, postgres.secrets);
  const loads = () =>
    journal.load([stream]).then(
      ({ streams }) => streams.length,
      () => -1,
    );
  postgres.kill();
  const end = Date.now() + 20_000;
  while ((await loads()) !== -1) expect(Date.now()).toBeLessThan(end);
  while ((await loads()) === -1) {
    expect(Date.now()).toBeLessThan(end);
    await sleep(100);
  }
  expect(await loads()).toBe(1);
  expect(await journal.commit(turn([write(stream, 1)]))).toEqual({ outcome: 'committed' });
});

test('given a server that freezes, the call ends in 10 s and comes late to nothing', async () => {
  const [frozen, other] = [host(), host()];
  const stream = newStream();
  const pids = async (): Promise<number[]> => {
    const { rows } = await asAdmin("select pid from pg_stat_activity where usename = 'journal'");
    return rows.map(({ pid }) => Number(pid));
  };
  const before = await pids();
  await frozen.commit(turn([write(stream, 0)]));
  const [pid] = (await pids()).filter((each) => !before.includes(each));
  process.kill(pid!, 'SIGSTOP');
  const started = Date.now();
  const late = turn([write(stream, 1, { state: '"late"' })]);
  try {
    await expect(frozen.commit(late)).rejects.toThrow('timeout');
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await frozen.commit(turn([write(stream, 1)]))).toEqual({ outcome: 'committed' });
  } finally {
    process.kill(pid!, 'SIGCONT');
  }
  while ((await pids()).includes(pid!)) await sleep(50);
  const [row] = (await other.load([stream])).streams;
  expect(row).toMatchObject({ version: 2, state: '{"at":2}' });
});

describe('given a key that is retired while a commit under it is on its way', () => {
  const registration = (stream: StreamId, key: string): Turn =>
    turn([write(stream, 0, { secret: { keep: `${key}.x` } })]);
  test('and is held up beyond any time, then it is refused when it comes', async () => {
    const [frozen, other] = [host(), host()];
    const [warm, late] = [newStream(), newStream()];
    const pids = async (): Promise<number[]> => {
      const { rows } = await asAdmin("select pid from pg_stat_activity where usename = 'journal'");
      return rows.map(({ pid }) => Number(pid));
    };
    const before = await pids();
    await frozen.commit(registration(warm, 'key-1'));
    const [pid] = (await pids()).filter((each) => !before.includes(each));
    process.kill(pid!, 'SIGSTOP');
    let isStopped = true;
    // Once: it may end as soon as it goes on.
    const goOn = (): void => {
      if (isStopped) process.kill(pid!, 'SIGCONT');
      isStopped = false;
    };
    try {
      const committing = frozen.commit(registration(late, 'key-1'));
      const failed = committing.catch((error: unknown) => error);
      await sleep(100);
      await other.retireKeys(['key-1']);
      const [found] = (await other.keysOtherThan('key-2', 1_000)).filter(
        ({ stream }) => stream === warm || stream === late,
      );
      await other.replaceKeys([{ ...found!, before: found!.secret, after: 'key-2.x' }]);
      goOn();
      expect(await failed).toBeInstanceOf(KeyRetired);
    } finally {
      goOn();
    }
    const rows = (await other.load([warm, late])).streams;
    expect(rows.map(({ stream, secret }) => [stream, secret])).toEqual([[warm, 'key-2.x']]);
  });
  test('and was admitted before, then the retirement waits until it can be seen', async () => {
    const { instance, secrets } = postgres;
    const client = await connectToPostgres(instance, secrets, 'journal');
    try {
      await client.query('begin');
      await client.query("select journal.admit_keys(array['+key-3.x'])");
      let isRetired = false;
      const retiring = host()
        .retireKeys(['key-3'])
        .then(() => (isRetired = true));
      await sleep(300);
      expect(isRetired).toBe(false);
      await client.query('commit');
      await retiring;
      const late = client.query("select journal.admit_keys(array['+key-3.x'])");
      await expect(late).rejects.toThrow('retired');
      await client.query("select journal.admit_keys(array['', '-', '+key-4.x'])");
    } finally {
      await client.end();
    }
  });
});

test('given keys of one wrapping key, an index tells that none has another', async () => {
  const client = await connectToPostgres(postgres.instance, postgres.secrets, 'journal');
  try {
    await client.query('set enable_seqscan = off');
    const { rows } = await client.query<Record<string, string>>(
      `explain select s.stream from journal.streams s where s.secret is not null
       and split_part(s.secret, '.', 1) collate "C" > 'key-1' limit 1`,
    );
    expect(JSON.stringify(rows)).toContain('streams_key_ids');
  } finally {
    await client.end();
  }
});

type Op =
  | { readonly op: 'commit'; readonly turn: Turn; readonly late: boolean }
  | { readonly op: 'settle' | 'restore' | 'quarantine'; readonly at: number; readonly v: number };

test(`given late writes in between, memory and PostgreSQL agree (SEED=${SEED})`, async () => {
  const pg = host();
  const index = fc.nat({ max: 2 });
  const version = fc.nat({ max: 3 });
  const indexes = fc.uniqueArray(index, { maxLength: 2 });
  const plan = fc.record({
    writes: indexes,
    expected: fc.array(version, { minLength: 3, maxLength: 3 }),
    guard: fc.option(fc.tuple(index, version)),
    name: fc.option(fc.tuple(index, fc.constantFrom('m', 'n'))),
    isUnknown: fc.boolean(),
    late: fc.boolean(),
  });
  const other = fc.record({
    op: fc.constantFrom(
      'settle' as const,
      'settle' as const,
      'restore' as const,
      'quarantine' as const,
    ),
    at: index,
    v: fc.integer({ min: 1, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(plan, plan, other), { maxLength: 25 }), async (steps) => {
      const streams = [newStream(), newStream(), newStream()].sort();
      const memory = memoryJournal(() => 0);
      const of = (at: number) => streams[at]!;
      const ops = steps.map((step): Op => {
        if ('op' in step) return step;
        const guards =
          step.guard === null || step.writes.includes(step.guard[0])
            ? []
            : [{ stream: of(step.guard[0]), version: step.guard[1] }];
        const named =
          step.name === null ? [] : [{ stream: of(step.name[0]), name: step.name[1], version: 1 }];
        const writes = step.writes.map((at) => write(of(at), step.expected[at] ?? 0));
        const names = step.isUnknown ? { unknown: named } : { names: named };
        return { op: 'commit', turn: turn(writes, { guards, ...names }), late: step.late };
      });
      const apply = async (journal: Journal, step: Op): Promise<unknown> => {
        if (step.op === 'commit') return tidy(await journal.commit(step.turn));
        const [stream, digest] = [of(step.at), digestOf(step.v)];
        if (step.op === 'restore') return journal.restore([restored(stream, step.v)], []);
        if (step.op === 'settle') return journal.settle([{ stream, version: step.v, digest }]);
        return step.v === 4 ? journal.quarantine(stream, 'fork') : undefined;
      };
      const late = ops.filter((step) => step.op === 'commit' && step.late);
      for (const step of [...ops, ...late.reverse()]) {
        expect(await apply(pg, step)).toEqual(await apply(memory, step));
      }
      const names = streams.flatMap((stream) => ['m', 'n'].map((name) => ({ stream, name })));
      expect(tidy(await pg.load(streams, names))).toEqual(tidy(await memory.load(streams, names)));
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

/** Lists in one order; none is promised. */
const tidy = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, member: unknown) =>
    Array.isArray(member)
      ? [...(member as unknown[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : member,
  );

test('given the first release, it is refused until the journal is made again', async () => {
  await asAdmin('create table public.state (key text primary key)');
  const { instance, secrets } = postgres;
  await expect(provisionJournal(instance, secrets)).rejects.toThrow('npm run restore');
  await recreateJournal(instance, secrets);
  await provisionJournal(instance, secrets);
  expect(await host().load([newStream()])).toEqual({ streams: [], names: [] });
});
