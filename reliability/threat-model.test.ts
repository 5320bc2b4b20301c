import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = process.cwd();
const PAGE = readFileSync(join(ROOT, 'docs', 'threat-model.md'), 'utf8');
/** Fewer would mean that the tables were not found. */
const ROWS_MIN = 50;

const rows = PAGE.split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| | '))
  .map((line) => line.split(' | ').at(-1)?.replace(/ \|$/, '') ?? '');

const NAMED = /^`([^`]+\.test\.ts)` "([^"]+)"$/;

test('every line names a test, or says that it is open', () => {
  expect(rows.length).toBeGreaterThan(ROWS_MIN);
  expect(rows.filter((last) => !NAMED.test(last) && !last.startsWith('**open**'))).toEqual([]);
});

test('every test that is named exists, by its file and its name', () => {
  const missing = rows.filter((last) => {
    const [, path = '', name = ''] = NAMED.exec(last) ?? [];
    if (path === '') return false;
    const file = join(ROOT, path);
    return !existsSync(file) || !readFileSync(file, 'utf8').includes(name);
  });
  expect(missing).toEqual([]);
});

test('each letter of STRIDE and each number of OWASP is looked at', () => {
  const cells = [...PAGE.matchAll(/^\| (API\d+|[STRIDE]) \|/gm)].map(([, cell]) => cell);
  const owasp = Array.from({ length: 10 }, (_, index) => `API${index + 1}`);
  expect(new Set(cells)).toEqual(new Set([...owasp, ...'STRIDE'.split('')]));
});
