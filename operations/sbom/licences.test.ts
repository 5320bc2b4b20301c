import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXCEPTIONS, isAllowed, licenceIn } from './licences.ts';
import { npmParts } from './parts.ts';

const PAGE = readFileSync(join(process.cwd(), 'docs', 'licences.md'), 'utf8');
const rows = [...PAGE.matchAll(/^\| ([^|]+) \| (\d+) \| ([^|]+) \|$/gm)].map(
  ([, licence = '', count = '', names = '']) => ({
    licence: licence.replace(' (see above)', ''),
    count: Number(count),
    names: names.split(', '),
  }),
);

test('no npm package is under a licence that is not allowed', () => {
  const parts = npmParts(process.cwd());
  expect(parts.length).toBeGreaterThan(500);
  expect(parts.filter(({ licence }) => !isAllowed(licence))).toEqual([]);
});

test('docs/licences.md has no licence that is neither allowed nor an exception', () => {
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(600);
  const others = rows
    .filter(({ licence }) => !isAllowed(licence))
    .flatMap(({ licence, names }) => names.filter((name) => EXCEPTIONS[name] !== licence));
  expect(others).toEqual([]);
});

test('docs/licences.md has the npm packages of package-lock.json ("npm run sbom")', () => {
  const listed = new Set(rows.flatMap(({ names }) => names));
  const missing = npmParts(process.cwd()).filter(({ name }) => !listed.has(name));
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test.each([
  ['MIT AND Apache-2.0', true],
  ['(MIT OR GPL-3.0-only)', true],
  ['MIT AND GPL-3.0-only', false],
  ['AGPL', false],
  ['unknown', false],
])('the expression %s is allowed: %s', (expression, isFine) => {
  expect(isAllowed(expression)).toBe(isFine);
});

test('given the text of a licence, it is known by its sentences', () => {
  expect(licenceIn('GNU AFFERO GENERAL PUBLIC LICENSE Version 3')).toBe('AGPL');
  expect(licenceIn('Mozilla Public License, version 2.0 (or GNU GPL)')).toBe('MPL-2.0');
  expect(licenceIn('All rights reserved.')).toBeUndefined();
});
