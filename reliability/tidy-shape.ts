import { parseSync } from '@swc/core';
import { isTest, roomOf } from './tidy-sources.ts';
import type { Fault, Source } from './tidy-sources.ts';

export const FILE_LINES_MAX = 400;
export const TEST_FILE_LINES_MAX = 600;
export const FUNCTION_LINES_MAX = 70;
export const LINE_COLUMNS_MAX = 100;
export const FOLDER_DEPTH_MAX = 2;

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');

/** Files and lines are as long as the style allows. */
export function sizeFaults({ path, text }: Source): Fault[] {
  const lines = linesOf(text);
  const max = isTest(path) ? TEST_FILE_LINES_MAX : FILE_LINES_MAX;
  const tooLong = lines.length > max ? [`${path} has ${lines.length} lines, more than ${max}`] : [];
  const wide = lines.flatMap((line, at) => {
    const columns = [...line].length;
    return columns > LINE_COLUMNS_MAX ? [`${path}:${at + 1} has ${columns} columns`] : [];
  });
  return [...tooLong, ...wide];
}

const NAMES_REFUSED = new Set(['src', 'utils', 'util', 'helpers', 'helper', 'common', 'index']);

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.integration)?(?:\.test)?$/;

/** Names say what a file owns, and rooms are flat. */
export function nameFaults({ path }: Source): Fault[] {
  const parts = path.replace(/\.ts$/, '').split('/');
  const vague = parts.filter((part) => NAMES_REFUSED.has(part.replace(/\..*$/, '')));
  const odd = parts.filter((part) => !NAME.test(part));
  const depth = parts.length - 1;
  return [
    ...vague.map((part) => `${path} has the name "${part}", which fits everything`),
    ...odd.map((part) => `${path} has the name "${part}", which is not in lower-case-with-dashes`),
    ...(depth > FOLDER_DEPTH_MAX ? [`${path} lies ${depth} folders deep`] : []),
  ];
}

/** In comments only, because one of them is a currency code as well. */
const MARKER = /(?:\/\/|\/\*|^\s*\*).*\b(?:TODO|FIXME|XXX|HACK)\b/;
const MAY_PRINT = new Set(['runtime', 'operations', 'reliability', 'bench']);

/** Nothing half done is left behind. */
export function leftoverFaults({ path, text }: Source): Fault[] {
  const printsFreely = MAY_PRINT.has(roomOf(path)) || isTest(path);
  return linesOf(text).flatMap((line, at) => [
    ...(MARKER.test(line) ? [`${path}:${at + 1} has a leftover marker`] : []),
    ...(!printsFreely && /\bconsole\.\w+\(/.test(line) ? [`${path}:${at + 1} prints`] : []),
  ]);
}

const BANK_WORD = /account|ledger|balance|money|deposit/i;

/** The platform would serve any other business as well. */
export function bankWordFaults({ path, text }: Source): Fault[] {
  if (roomOf(path) !== 'platform') return [];
  return linesOf(text).flatMap((line, at) => {
    const word = BANK_WORD.exec(line)?.[0];
    return word === undefined ? [] : [`${path}:${at + 1} knows the word "${word}"`];
  });
}

interface Node {
  readonly type?: string;
  readonly kind?: string;
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

/** Lines of the functions directly inside, which are counted on their own. */
interface Inner {
  lines: number;
}

const NEWLINE = 10;

/** The line number of every byte, from 1. */
function lineNumbers(bytes: Buffer): Uint32Array {
  const numbers = new Uint32Array(bytes.length + 1);
  let line = 1;
  for (let at = 0; at <= bytes.length; at += 1) {
    numbers[at] = line;
    if (bytes[at] === NEWLINE) line += 1;
  }
  return numbers;
}

/**
 * No `any`, no enum, no long function. A function's length is that of its own lines: those of
 * functions inside it count there, so a closure over state is measured as a class would be.
 */
export function syntaxFaults({ path, text }: Source): Fault[] {
  // The statement in front tells where the parser's positions (bytes) begin.
  const bytes = Buffer.from(`;${text}`);
  const module = parseSync(bytes.toString('utf8'), { syntax: 'typescript', target: 'es2023' });
  const base = (module.body[0] as Node | undefined)?.span?.start ?? 0;
  const lineOfByte = lineNumbers(bytes);
  const lineAt = (position: number): number => lineOfByte[position - base] ?? 0;
  const faults: Fault[] = [];

  const visit = (value: unknown, outer: Inner): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) return value.forEach((item) => visit(item, outer));
    const node = value as Node;
    const line = lineAt(node.span?.start ?? base);
    const saysAny = node.type === 'TsKeywordType' && node.kind === 'any';
    if (saysAny) faults.push(`${path}:${line} says any`);
    if (node.type === 'TsEnumDeclaration') faults.push(`${path}:${line} has an enum`);
    const isFunction = node.span !== undefined && FUNCTIONS.has(node.type ?? '');
    const here: Inner = isFunction ? { lines: 0 } : outer;
    for (const member of Object.values(node)) visit(member, here);
    if (!isFunction || node.span === undefined) return;
    const lines = lineAt(node.span.end) - line + 1;
    const own = lines - here.lines;
    if (own > FUNCTION_LINES_MAX && !isTest(path)) {
      faults.push(`${path}:${line} has a function of ${own} lines`);
    }
    outer.lines += lines - 1;
  };
  visit(module.body, { lines: 0 });
  return faults;
}
