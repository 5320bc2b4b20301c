import { testName } from '../../contracts/access/sender-for-tests.ts';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { type AccountId } from '../../domain/ids.ts';
import { journalUrl, recreateJournal } from '../../runtime/programs/journal-database.ts';
import { startPostgres, type PostgresForTests } from '../../runtime/programs/postgres-for-tests.ts';
import { deposit, message, open, testLog } from '../host/bank-host-for-tests.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { pgJournal } from '../journal/pg-journal.ts';
import { bankOn } from './restoration-for-tests.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const START_MS_MAX = 60_000;
const KILLS = 12;
const HELD_BYTES_MAX = 40_000;
const ACCOUNTS = Array.from({ length: 60 }, (_, n) => accountIdOfSerial(BigInt(n + 1)));
const folder = mkdtempSync(join(tmpdir(), 'killed-restore-'));
const [logFile, crashFile] = [join(folder, 'log.json'), join(folder, 'crash')];
let postgres: PostgresForTests;

/** The compiled restore, in a process of its own, on a log out of a file. */
const RESTORE = `
import { readFileSync } from 'node:fs';
const room = ${JSON.stringify(resolve('dist/bank-account-actor'))};
const { restoreJournal } = await import(room + '/restore/restoration.js');
const { pgJournal } = await import(room + '/journal/pg-journal.js');
const all = JSON.parse(readFileSync(process.env.LOG_FILE, 'utf8'));
const log = {
  readAfter: async (after) => ({
    entries: all.slice(after, after + 25).map((event, at) => ({ position: after + at + 1, event })),
    head: all.length,
  }),
};
const journal = pgJournal(process.env.JOURNAL_URL, () => undefined);
const progress = () => void process.stdout.write('.');
const more = { keys: new Map(), now: () => new Date(), progress };
await restoreJournal({ journal, log, ...more, heldBytesMax: ${HELD_BYTES_MAX} });
await journal.end();
`;

beforeAll(async () => {
  postgres = await startPostgres();
  const log = testLog();
  const bank = await bankOn(memoryJournal(), log);
  for (const id of ACCOUNTS) await bank.give(id, open('o', { initialDeposit: '9.00' }));
  for (let round = 0; round < 4; round += 1) {
    for (const [at, id] of ACCOUNTS.entries()) {
      const toAccountId = ACCOUNTS[(at + 1) % ACCOUNTS.length] as AccountId;
      const key = `t${round}`;
      const transferId = transferIdFor(id, testName(key));
      const transfer = { type: 'send-transfer', transferId, toAccountId, amount: '1.00' };
      await bank.give(id, deposit(`d${round}`), message(key, transfer));
    }
  }
  await bank.time.pass(3_000);
  bank.host.stop();
  // Round by round, as they came: each stream is touched again and again.
  const events = [...log.streams.values()].flat().sort((a, b) => a.version - b.version);
  writeFileSync(logFile, JSON.stringify(events));
}, START_MS_MAX);
afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}, START_MS_MAX);

/** Runs it to its end, or until so many pages were worked on; gives whether it was killed. */
async function run(killAtPage = Infinity): Promise<{ died: boolean; pages: number }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', RESTORE], {
    env: {
      ...process.env,
      LOG_FILE: logFile,
      CORE_BANK_CRASH_FILE: crashFile,
      JOURNAL_URL: journalUrl(postgres.instance, postgres.secrets),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let pages = 0;
  child.stdout.on('data', (dots: Buffer) => {
    pages += dots.length;
    if (pages >= killAtPage) child.kill('SIGKILL');
  });
  const died = await new Promise<boolean>((resolve, reject) => {
    child.once('exit', (code, signal) =>
      code === 0 || signal === 'SIGKILL' ? resolve(code !== 0) : reject(new Error(String(code))),
    );
  });
  return { died, pages };
}
/** All that the restored journal says, and whether it is closed. */
async function journalNow(): Promise<{ rows: string; mark: string | undefined }> {
  const journal = pgJournal(journalUrl(postgres.instance, postgres.secrets), () => undefined);
  const names = ACCOUNTS.flatMap((id) =>
    ['o', 'd0', 'd3', 't0', 't3'].map((key) => ({ stream: streamOf(id), name: testName(key) })),
  );
  const { streams, names: known } = await journal.load(ACCOUNTS.map(streamOf), names);
  const mark = await journal.mark();
  await journal.end();
  const sorted = [...streams.map(canonicalJson), ...known.map(canonicalJson)].sort();
  return { rows: sorted.join('\n'), mark: mark?.state };
}
const emptied = () => recreateJournal(postgres.instance, postgres.secrets);

test(`killed anywhere and run again, a restore makes the same journal (SEED=${SEED})`, async () => {
  await emptied();
  const whole = await run();
  const wanted = await journalNow();
  expect(wanted.mark).toBe('whole');
  expect(wanted.rows.split('\n')).toHaveLength(ACCOUNTS.length * 6);

  for (const point of ['restore:marked', 'restore:named', 'restore:wrote', 'restore:keys']) {
    await emptied();
    writeFileSync(crashFile, point);
    expect(await run()).toMatchObject({ died: true });
    expect(existsSync(crashFile)).toBe(false);
    expect((await journalNow()).mark).toBe('restoring');
    expect(await run()).toMatchObject({ died: false });
    expect(await journalNow()).toEqual(wanted);
  }

  await emptied();
  let [state, died] = [SEED, 0];
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const killed = (await run(1 + Math.floor(random() * (whole.pages - 1)))).died;
    died += killed ? 1 : 0;
    // One that came to its end leaves nothing to go on with.
    if (!killed) await emptied();
  }
  expect(died).toBeGreaterThan(KILLS / 2);
  expect(await run()).toMatchObject({ died: false });
  expect(await journalNow()).toEqual(wanted);
}, 120_000);
