import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { operatorFolders } from '../../runtime/instance.ts';
import { userOf } from '../../runtime/users.ts';
import { bankUnderTest, type BankUnderTest } from '../faults/bank-under-test.ts';

/** Started by an ordinary user, a bank is as safe as that user: then there is less to see here. */
const isRoot = process.getuid?.() === 0;
/** What everybody may know: whom to believe, and how addresses are found. */
const PUBLIC = /^(?:message-producers\.json|mesh\/authority\/ca\.crt|programs\/.*)$/;

let house: BankUnderTest;
jest.setTimeout(120_000);
beforeAll(async () => {
  house = await bankUnderTest();
});
afterAll(() => house.close());

/** The user of every process of each program, by the names of programs. */
function usersOfPrograms(): Map<string, Set<number>> {
  const users = new Map<string, Set<number>>();
  const groups = new Map(house.bank.programs().map(({ pid, name }) => [pid, name]));
  for (const entry of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    let stat: string;
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
    } catch {
      continue;
    }
    const name = groups.get(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]));
    if (name === undefined) continue;
    const { uid } = statSync(`/proc/${entry}`);
    users.set(name, (users.get(name) ?? new Set()).add(uid));
  }
  return users;
}

/** Those of these paths that the user of a program may read or, of sockets, write to. */
function openFor(program: string, paths: readonly string[]): string[] {
  const { uid, gid } = userOf(house.bank.instance.number, program)!;
  const look = 'for path; do if [ -r "$path" ] || [ -w "$path" ]; then echo "$path"; fi; done';
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const looked = spawnSync('setpriv', [...identity, 'sh', '-c', look, 'sh', ...paths], {
    encoding: 'utf8',
  });
  expect(looked.status).toBe(0);
  return looked.stdout.split('\n').filter((path) => path !== '');
}

const dataFiles = (): string[] => {
  const { dataDir } = house.bank.instance;
  return readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
};

test('given a bank that root starts, each program is a user of its own, and none is root', () => {
  const users = usersOfPrograms();
  expect(users.size).toBe(house.bank.programs().length);
  const uids = [...users.values()].flatMap((found) => [...found]);
  if (!isRoot) return expect(new Set(uids)).toEqual(new Set([process.getuid?.()]));
  expect(uids).not.toContain(0);
  // One user for each program, and another one for each.
  expect(uids).toHaveLength(users.size);
  expect(new Set(uids).size).toBe(users.size);
});

test('given a program that was taken over, it reads no secret of another one', () => {
  if (!isRoot) return;
  const { dataDir } = house.bank.instance;
  const files = dataFiles();
  const secrets = ['secrets.json', 'key-ring.json', 'host-signing-key.pem'];
  expect(files).toEqual(expect.arrayContaining(secrets.map((name) => join(dataDir, name))));
  const opened = (program: string): string[] =>
    openFor(program, files)
      .map((path) => path.slice(dataDir.length + 1))
      .filter((path) => !PUBLIC.test(path));
  expect(opened('core-bank-api')).toEqual([]);
  expect(opened('queries-bank-api')).toEqual([]);
  expect(opened('bank-account-actor').sort()).toEqual([
    'key-ring.json',
    'operator/bank-account-actor/bank-account-actor.sock',
  ]);
  expect(opened('core-bank-api-daprd').sort()).toEqual([
    'mesh/tokens/core-bank-api.jwt',
    'names/names.db',
    'names/names.db-shm',
    'names/names.db-wal',
  ]);
  const folderOf = (path: string): string => path.split('/')[0] ?? '';
  expect(new Set(opened('event-source').map(folderOf))).toEqual(
    new Set(['audit', 'operator', 'trust']),
  );
  expect(opened('ferretdb').filter((path) => folderOf(path) !== 'ferretdb')).toEqual([]);
});

test('given a program that was taken over, it sees no environment and no socket of others', () => {
  if (!isRoot) return;
  const programs = house.bank.programs();
  for (const { name } of programs.filter(({ name: one }) => one.includes('bank'))) {
    const others = programs.filter((other) => other.name !== name);
    const environments = others.map(({ pid }) => `/proc/${pid}/environ`);
    expect(openFor(name, environments)).toEqual([]);
  }
  const sockets = dataFiles().filter((path) => path.endsWith('.sock'));
  expect(sockets.length).toBeGreaterThanOrEqual(5);
  expect(openFor('core-bank-api', sockets)).toEqual([]);
  const own = join(operatorFolders(house.bank.instance.dataDir), 'event-source');
  expect(openFor('event-source', sockets)).toEqual([join(own, 'event-source.sock')]);
});
