import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../runtime/instance.ts';

const SENTENCES = 20;
const root = projectRoot();
const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
const [, questions = '', answers = ''] = text.split(/^## Find it by name$|^### Answers$/m);
const rooms = (
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { workspaces: string[] }
).workspaces.filter((room) => !room.includes('/'));

const matches = (pattern: RegExp, within: string): string[] =>
  [...within.matchAll(pattern)].map((match) => match[1] as string);
const numbers = Array.from({ length: SENTENCES }, (_, index) => String(index + 1));
const files = matches(/^\| \d+ \| `([^`]+)` \|$/gm, answers);

describe('the sentences of CONTRIBUTING.md', () => {
  test('are twenty, each with an answer', () => {
    expect(matches(/^(\d+)\. \S.*\?$/gm, questions)).toEqual(numbers);
    expect(matches(/^\| (\d+) \| `[^`]+` \|$/gm, answers)).toEqual(numbers);
  });

  test('lead to files that exist, no file twice and no room left out', () => {
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(new Set(files).size).toBe(SENTENCES);
    const found = new Set(files.map((file) => file.split('/')[0]));
    expect([...rooms, 'components'].filter((room) => !found.has(room))).toEqual([]);
  });

  test('do not name the file that they ask for', () => {
    for (const file of files) expect(questions).not.toContain(file);
  });
});
