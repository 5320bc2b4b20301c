import { projectRoot } from '../runtime/instance.ts';
import { endingFaults, homeFaults, MAY_IMPORT, packageFaults, roomFaults } from './tidy-imports.ts';
import * as shape from './tidy-shape.ts';
import { importsOf, readProject, resolveImport, type Source } from './tidy-sources.ts';

/** Far fewer would mean that files are not found, so that the rules see nothing. */
const SOURCES_MIN = 150;
const IMPORTS_MIN = 400;
const project = readProject(projectRoot());

const source = (path: string, ...lines: string[]): Source => ({
  path,
  text: `${lines.join('\n')}\n`,
});
const importing = (path: string, name: string): { sources: Source[] } => ({
  sources: [source(path, `import { x } from '${name}';`)],
});
const each = (rule: (one: Source) => string[]): string[] => project.sources.flatMap(rule);

describe('the project', () => {
  test('is seen as a whole', () => {
    expect(project.sources.length).toBeGreaterThan(SOURCES_MIN);
    expect(project.sources.flatMap(importsOf).length).toBeGreaterThan(IMPORTS_MIN);
    expect(project.rooms.map(({ name }) => name).sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });
  test('imports only what each room may', () => expect(roomFaults(project)).toEqual([]));
  test('imports files by their whole name', () => expect(endingFaults(project)).toEqual([]));
  test('lists the packages that it imports', () => expect(packageFaults(project)).toEqual([]));
  test('keeps each technology at home', () => expect(homeFaults(project)).toEqual([]));
  test('has files and lines of a sane size', () => expect(each(shape.sizeFaults)).toEqual([]));
  test('has names that say something', () => expect(each(shape.nameFaults)).toEqual([]));
  test('has nothing left half done', () => expect(each(shape.leftoverFaults)).toEqual([]));
  test('has a platform without bank words', () => expect(each(shape.bankWordFaults)).toEqual([]));
  test('has no any, enum or long function', () => expect(each(shape.syntaxFaults)).toEqual([]));
});

describe('planted faults are found: ', () => {
  test.each([
    ['domain/a.ts', '../contracts/events.ts'],
    ['contracts/a.ts', '../platform/http.ts'],
    ['platform/a.ts', '../contracts/events.ts'],
    ['event-source/log/a.ts', '../../projections/follower/follower.ts'],
    ['event-source/a.ts', '../runtime/supervisor/bank.ts'],
    ['event-source/a.test.ts', '../projections/follower/follower.ts'],
    ['runtime/a.ts', '../platform/http.ts'],
    ['reliability/faults/a.ts', '../../core-bank-api/app.ts'],
    ['reliability/simulation/a.ts', '../../bench/loads.ts'],
    ['bench/a.ts', '../domain/account.ts'],
    ['domain/a.ts', '../tools/x.ts'],
  ])('%s imports %s', (path, name) => {
    expect(roomFaults(importing(path, name))).toHaveLength(1);
  });

  test.each([
    ['contracts/a.ts', '../domain/ids.ts'],
    ['platform/a.ts', '../contracts/http/problems.ts'],
    ['event-source/a.ts', './b.ts'],
    ['event-source/log/a.ts', '../immudb/b.ts'],
    ['event-source/a.test.ts', '../runtime/supervisor/bank.ts'],
    ['reliability/simulation/a.ts', '../../core-bank-api/app.ts'],
    ['bench/a.ts', '../domain/invariants.ts'],
  ])('but %s may import %s', (path, name) => {
    expect(roomFaults(importing(path, name))).toEqual([]);
  });

  test('imports of every kind are seen', () => {
    const lines = ["import './a.ts';", "export * from './b.ts';", "await import('./c.ts');"];
    const others = ["import type { D } from './d.ts';", 'import {', '  e,', "} from './e.ts';"];
    const found = importsOf(source('x/y.ts', ...lines, ...others, "Buffer.from('f.ts')"));
    expect(found).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `./${name}.ts`));
    expect(resolveImport('a/b/c.ts', '../../d/e.ts')).toBe('d/e.ts');
  });

  test('an import without its ending', () => {
    expect(endingFaults(importing('domain/a.ts', './b'))).toHaveLength(1);
    expect(endingFaults(importing('domain/a.ts', './b.js'))).toHaveLength(1);
  });

  test.each([
    ['domain/a.ts', 'zod', 1],
    ['domain/a.ts', 'jest', 1],
    ['domain/a.test.ts', 'jest', 0],
    ['platform/a.ts', 'zod', 0],
    ['platform/a.ts', 'zod/mini', 0],
    ['platform/a.ts', '@scope/deep/path', 0],
    ['platform/a.ts', '@scope/other', 1],
    ['platform/a.ts', 'node:fs', 0],
  ])('%s importing %s is %i times unlisted', (path, name, count) => {
    const rooms = [
      { name: 'domain', packages: [] },
      { name: 'platform', packages: ['zod', '@scope/deep'] },
    ];
    const given = { ...importing(path, name), rooms, toolPackages: ['jest'] };
    expect(packageFaults(given)).toHaveLength(count);
  });

  test.each([
    ['platform/dapr.ts', '@dapr/dapr', 1],
    ['platform/dapr-publisher.ts', '@dapr/dapr', 0],
    ['projections/follower/follower.ts', 'mongodb', 1],
    ['projections/read-store/mongo-history.ts', 'mongodb', 0],
    ['projections/read-store/mongo-history.test.ts', 'mongodb', 0],
    ['event-source/log/append-plan.ts', '@grpc/grpc-js', 1],
    ['event-source/immudb/client.ts', '@grpc/grpc-js', 0],
  ])('%s importing %s is %i times away from home', (path, name, count) => {
    expect(homeFaults(importing(path, name))).toHaveLength(count);
  });

  test('a file, a test and a line that are too long', () => {
    const lines = (count: number): string[] => Array.from({ length: count }, () => 'x;');
    expect(shape.sizeFaults(source('domain/a.ts', ...lines(400)))).toEqual([]);
    expect(shape.sizeFaults(source('domain/a.ts', ...lines(401)))).toHaveLength(1);
    expect(shape.sizeFaults(source('domain/a.test.ts', ...lines(600)))).toEqual([]);
    expect(shape.sizeFaults(source('domain/a.test.ts', ...lines(601)))).toHaveLength(1);
    const wide = ['é'.repeat(100), 'x'.repeat(101)];
    expect(shape.sizeFaults(source('domain/a.ts', ...wide))).toHaveLength(1);
  });

  test.each([
    'domain/index.ts',
    'domain/src/money.ts',
    'domain/utils/money.ts',
    'domain/helpers.ts',
    'domain/Money.ts',
    'domain/money_text.ts',
    'domain/a/b/c.ts',
    'domain/common.test.ts',
  ])('the name %s', (path) => {
    expect(shape.nameFaults(source(path))).toHaveLength(1);
  });

  test('but not the name of a file in a folder, or of a test', () => {
    expect(shape.nameFaults(source('reliability/faults/bank-under-test.ts'))).toEqual([]);
    expect(shape.nameFaults(source('runtime/bank.integration.test.ts'))).toEqual([]);
  });

  test('markers and printing', () => {
    for (const line of ['x(); // TO-DO later', ' * FIX-ME', '/* XX-X */']) {
      const marker = line.replace('-', '');
      expect(shape.leftoverFaults(source('domain/a.ts', marker))).toHaveLength(1);
    }
    expect(shape.leftoverFaults(source('domain/a.ts', "code('XXX');"))).toEqual([]);
    expect(shape.leftoverFaults(source('domain/a.ts', 'console.log(1);'))).toHaveLength(1);
    expect(shape.leftoverFaults(source('runtime/a.ts', 'console.log(1);'))).toEqual([]);
  });

  test('bank words in the platform', () => {
    expect(shape.bankWordFaults(source('platform/a.ts', 'const accountId = 1;'))).toHaveLength(1);
    expect(shape.bankWordFaults(source('platform/a.ts', 'const LEDGER = 1;'))).toHaveLength(1);
    expect(shape.bankWordFaults(source('domain/a.ts', 'const accountId = 1;'))).toEqual([]);
  });

  test('any and enum, also after letters of more than one byte', () => {
    const lines = ["const a = 'čeština';", 'let b: any;', 'enum C { D }'];
    expect(shape.syntaxFaults(source('domain/a.ts', ...lines))).toEqual([
      'domain/a.ts:2 says any',
      'domain/a.ts:3 has an enum',
    ]);
    expect(shape.syntaxFaults(source('domain/a.ts', "const any = 'any';"))).toEqual([]);
  });

  test('functions by their own lines', () => {
    const body = (count: number): string[] => Array.from({ length: count }, () => '  x();');
    const named = (lines: string[]): string[] => ['function f() {', ...lines, '}'];
    expect(shape.syntaxFaults(source('domain/a.ts', ...named(body(68))))).toEqual([]);
    expect(shape.syntaxFaults(source('domain/a.ts', ...named(body(69))))).toEqual([
      'domain/a.ts:1 has a function of 71 lines',
    ]);
    const inner = ['  const g = () => {', ...body(50), '  };'];
    const closure = named([...inner, ...body(40)]);
    expect(shape.syntaxFaults(source('domain/a.ts', ...closure))).toEqual([]);
    const arrow = ['const h = () => {', ...body(80), '};'];
    expect(shape.syntaxFaults(source('domain/a.ts', ...arrow))).toHaveLength(1);
    expect(shape.syntaxFaults(source('domain/a.test.ts', ...arrow))).toEqual([]);
  });
});
