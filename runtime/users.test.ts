import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APP_IDS } from '../contracts/access/namespaces.ts';
import { handOver, sidecarName, takeDataDir, userOf } from './users.ts';

const isRoot = process.getuid?.() === 0;
const PROGRAMS = ['postgres', 'nats', 'immudb', 'ferretdb', 'sentry', 'placement', 'issuer'];
const ALL = [...PROGRAMS, ...APP_IDS, ...APP_IDS.map(sidecarName)];

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'users-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('given root, each program of each bank is another user; else all are who starts it', () => {
  const users = [0, 1, 25].flatMap((number) => ALL.map((program) => userOf(number, program)?.uid));
  const expected = isRoot ? users.length : 1;
  expect(new Set(users).size).toBe(expected);
  const [first, last] = [userOf(0, 'postgres'), userOf(25, ALL.at(-1)!)];
  expect([first?.uid, last?.uid]).toEqual(isRoot ? [64_000, 64_818] : [undefined, undefined]);
});

test('given a link in a folder that is handed over, what it leads to stays whose it is', () => {
  const [outside, inside] = [join(folder, 'outside'), join(folder, 'inside')];
  mkdirSync(outside);
  mkdirSync(inside);
  writeFileSync(join(outside, 'file'), '');
  symlinkSync(outside, join(inside, 'link'));
  writeFileSync(join(inside, 'own'), '');
  const user = userOf(0, 'nats');
  handOver(inside, user);
  const mine = process.getuid?.();
  expect(statSync(join(inside, 'own')).uid).toBe(user?.uid ?? mine);
  expect(statSync(join(outside, 'file')).uid).toBe(mine);
  expect(statSync(outside).uid).toBe(mine);
});

test('given the data folder of another user, root goes on with it, and nobody else', () => {
  if (!isRoot) return expect(() => takeDataDir('/')).toThrow(/belongs to user 0/);
  writeFileSync(join(folder, 'file'), '');
  handOver(folder, { uid: 64_900, gid: 64_900 });
  takeDataDir(folder);
  for (const path of [folder, join(folder, 'file')]) expect(statSync(path).uid).toBe(0);
});
