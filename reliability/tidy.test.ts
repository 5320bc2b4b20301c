import { parseSync } from '@swc/core';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../runtime/instance.ts';

// The rules of STYLE.md that neither the compiler nor oxlint, dependency-cruiser or knip can say.

const FUNCTION_LINES_MAX = 70;
const LINE_COLUMNS_MAX = 100;
const FOLDER_DEPTH_MAX = 2;
/** Far fewer would mean that files are not found, so that the rules see nothing. */
const SOURCES_MIN = 500;
const ROOT = projectRoot();

/** Tests, and what only tests use. */
const isTest = (path: string): boolean => /(?:\.test|-for-tests|-contract)\.ts$/.test(path);

/** Every TypeScript file of the rooms, relative to the checkout. */
function sources(): string[] {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  return workspaces.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true })
      .map((file) => `${room}/${String(file)}`)
      .filter(
        (path) =>
          path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.includes('node_modules/'),
      ),
  );
}

const VAGUE = /(?:^|\/)(?:src|utils?|helpers?|common|index)(?=[/.])/;

/** A name says what a file owns, and rooms are flat. */
function nameFaults(path: string): string[] {
  const depth = path.split('/').length - 1;
  return [
    ...(VAGUE.test(path) ? ['has a name that fits everything'] : []),
    ...(depth > FOLDER_DEPTH_MAX ? [`lies ${depth} folders deep`] : []),
  ];
}

/** Prettier breaks code, but no strings and comments. */
const wideFaults = (text: string): string[] =>
  text
    .split('\n')
    .flatMap((line, at) => ([...line].length > LINE_COLUMNS_MAX ? [`${at + 1} is too wide`] : []));

/** The platform would serve any other business as well. */
const bankWords = (text: string): string[] =>
  text.match(/account|ledger|balance|money|deposit/gi) ?? [];

interface Node {
  readonly type?: string;
  readonly span?: { readonly start: number; readonly end: number };
}

const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'MethodProperty',
]);
const NEWLINE = 10;

/**
 * A function's length is that of its own lines: those of functions inside it count there, so that
 * a closure over state is measured as a class would be. oxlint cannot count so.
 */
function longFunctions(text: string): string[] {
  // The statement in front tells where the parser's positions (bytes) begin.
  const bytes = Buffer.from(`;${text}`);
  const module = parseSync(bytes.toString('utf8'), { syntax: 'typescript', target: 'es2023' });
  const base = (module.body[0] as Node | undefined)?.span?.start ?? 0;
  const lineAt = new Uint32Array(bytes.length + 1);
  for (let at = 0, line = 1; at <= bytes.length; at += 1) {
    lineAt[at] = line;
    if (bytes[at] === NEWLINE) line += 1;
  }
  const faults: string[] = [];

  /** Gives how many lines are of the functions inside. */
  const visit = (value: unknown): number => {
    if (typeof value !== 'object' || value === null) return 0;
    const inner = Object.values(value).reduce((sum: number, member) => sum + visit(member), 0);
    const { type = '', span } = value as Node;
    if (span === undefined || !FUNCTIONS.has(type)) return inner;
    const first = lineAt[span.start - base] ?? 0;
    const lines = (lineAt[span.end - base] ?? 0) - first + 1;
    const own = lines - inner;
    if (own > FUNCTION_LINES_MAX) faults.push(`${first} has a function of ${own} lines`);
    return lines - 1;
  };
  visit(module.body);
  return faults;
}

describe('the project', () => {
  const paths = sources();
  const each = (rule: (text: string) => string[], of: (path: string) => boolean): string[] =>
    paths
      .filter(of)
      .flatMap((path) =>
        rule(readFileSync(join(ROOT, path), 'utf8')).map((fault) => `${path}: ${fault}`),
      );

  test('is seen as a whole', () => expect(paths.length).toBeGreaterThan(SOURCES_MIN));
  test('has names that say something', () => {
    expect(paths.filter((path) => nameFaults(path).length > 0)).toEqual([]);
  });
  test('has no line that is too wide', () => expect(each(wideFaults, () => true)).toEqual([]));
  test('has a platform without bank words', () => {
    expect(each(bankWords, (path) => path.startsWith('platform/'))).toEqual([]);
  });
  test('has no long function', () => {
    expect(each(longFunctions, (path) => !isTest(path))).toEqual([]);
  });
});

describe('planted faults are found:', () => {
  test.each([
    'domain/index.ts',
    'domain/src/money.ts',
    'domain/utils/money.ts',
    'domain/helpers.ts',
    'domain/a/b/c.ts',
    'domain/common.test.ts',
  ])('the name %s', (path) => expect(nameFaults(path)).toHaveLength(1));

  test('but not the name of a file in a folder, or of a test', () => {
    expect(nameFaults('reliability/faults/bank-under-test.ts')).toEqual([]);
    expect(nameFaults('runtime/bank.integration.test.ts')).toEqual([]);
    expect(nameFaults('domain/source-index-of.ts')).toEqual([]);
  });

  test('a line by its characters', () => {
    expect(wideFaults(`${'é'.repeat(100)}\n${'x'.repeat(101)}\n`)).toEqual(['2 is too wide']);
  });

  test('bank words', () => {
    expect(bankWords('const accountId = LEDGER;')).toEqual(['account', 'LEDGER']);
    expect(bankWords('const port = 1;')).toEqual([]);
  });

  test('functions by their own lines, also after letters of more than one byte', () => {
    const body = (count: number): string => '  x();\n'.repeat(count);
    const named = (text: string): string => `function f() {\n${text}}\n`;
    expect(longFunctions(named(body(68)))).toEqual([]);
    expect(longFunctions(`// čeština\n${named(body(69))}`)).toEqual([
      '2 has a function of 71 lines',
    ]);
    const inner = `  const g = () => {\n${body(50)}  };\n`;
    expect(longFunctions(named(`${inner}${body(40)}`))).toEqual([]);
    expect(longFunctions(`const h = () => {\n${body(80)}};\n`)).toHaveLength(1);
  });
});
