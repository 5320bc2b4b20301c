import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../runtime/instance.ts';
import { applyTo, changed, copyTree, readRecipe, type Change } from './recipe.ts';

const FILES_MAX = 8;
const LIMIT_MS = 10 * 60_000;
jest.setTimeout(LIMIT_MS);

const root = projectRoot();
const recipe = readRecipe(readFileSync(join(root, 'docs/add-a-command.md'), 'utf8'));
const copies = mkdtempSync(join(tmpdir(), 'cb-recipe-'));
const whole = join(copies, 'whole');
afterAll(() => rmSync(copies, { recursive: true, force: true }));

const COMPILED = [
  'domain',
  'contracts',
  'platform',
  'proofs',
  'core-bank-api',
  'bank-account-actor',
  'event-source',
  'projections',
  'queries-bank-api',
  'reliability/simulation',
  'reliability/bad-input',
];
const COPIED = [
  ...COMPILED,
  'reliability/faults',
  'reliability/longest-first.mjs',
  'runtime',
  'package.json',
  'jest.config.mjs',
];
/** All that the command goes through, and random lives in which it is one of many. */
const TESTS = ['reliability/simulation/posted-interest', 'domain/trial-balance'];

const roomOf = ({ file }: Change): string => file.slice(0, file.indexOf('/'));
/** What misses a file: of the domain other files of the domain, else the file itself. */
const missing = (left: Change): string =>
  `${without(left)}/${roomOf(left) === 'domain' ? 'domain/**/*.ts' : left.file}`;
const without = (left: Change): string => `without-${recipe.indexOf(left) + 1}`;

const run = (program: string, args: readonly string[], cwd: string) => {
  const command = [join(root, 'node_modules', program), ...args];
  const env = { ...process.env, CORE_BANK_HOME: whole };
  const options = { cwd, env, encoding: 'utf8', timeout: LIMIT_MS } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, command, options);
  return { status, output: `${stdout}${stderr}` };
};

beforeAll(() => {
  copyTree(root, whole, COPIED);
  applyTo(whole, recipe);
  const simulation = join(whole, 'reliability/simulation');
  const test = join(simulation, 'posted-interest.test.ts');
  renameSync(join(simulation, 'posted-interest-for-tests.ts'), test);
  for (const left of recipe) {
    const copy = join(copies, without(left));
    const rooms = roomOf(left) === 'domain' ? ['domain'] : ['domain', 'contracts'];
    copyTree(root, copy, rooms);
    const others = recipe.filter((change) => change !== left && rooms.includes(roomOf(change)));
    applyTo(copy, others);
  }
});

test('the recipe has few files, and fits each of them', () => {
  expect(recipe.length).toBeGreaterThan(2);
  expect(recipe.length).toBeLessThanOrEqual(FILES_MAX);
  expect(recipe.filter(({ patches }) => patches.length === 0)).toEqual([]);
  const stale: Change = { file: 'x.ts', patches: [{ before: 'gone\n', after: 'new\n' }] };
  expect(() => changed('other\n', stale)).toThrow('x.ts has this 0 times');
});

test('the whole compiles, and without any one of its files it does not', () => {
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { noEmit: true, rootDir: '.', typeRoots: [join(root, 'node_modules/@types')] },
    include: [...COMPILED.map((room) => `whole/${room}/**/*.ts`), ...recipe.map(missing)],
    exclude: ['**/node_modules', '**/*.test.ts'],
  };
  writeFileSync(join(copies, 'tsconfig.json'), JSON.stringify(config));
  const { status, output } = run('typescript/bin/tsc', ['-p', '.', '--pretty', 'false'], copies);
  const failed = new Set(output.match(/^[a-z0-9-]+(?=\/.*error TS)/gm));
  expect(output.match(/^whole.*$/gm)).toBeNull();
  expect([...failed].sort()).toEqual(recipe.map(without).sort());
  expect(status).not.toBe(0);
});

test('all that is derived from the command works', () => {
  const patterns = TESTS.map((name) => `${name}\\.test\\.ts$`);
  const args = ['--runInBand', '--selectProjects=pure', `--testPathPatterns=${patterns.join('|')}`];
  const { status, output } = run('jest/bin/jest.js', args, whole);
  expect([status, status === 0 ? '' : output]).toEqual([0, '']);
  expect(output).toContain(`Test Suites: ${TESTS.length} passed, ${TESTS.length} total`);
});
