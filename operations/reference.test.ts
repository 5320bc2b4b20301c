import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bankEventSchema } from '../contracts/log/bank-events.ts';
import { problemsPage, referenceFiles } from '../contracts/catalogue.ts';
import { rotationPage } from '../runtime/rotation/rotations.ts';
import { clientTypes } from './client-types.ts';
import { configurationPage } from './configuration.ts';

const FOLDER = join(process.cwd(), 'docs', 'reference');
const REMEDY = 'is not what the contracts say: npm run reference';

const files = referenceFiles();

test('given the contracts, docs/reference is what they make', () => {
  const there = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(FOLDER.length + 1));
  expect(there.sort()).toEqual([...files.keys()].sort());
  const stale = there.filter(
    (path) => readFileSync(join(FOLDER, path), 'utf8') !== files.get(path),
  );
  expect(stale.map((path) => `docs/reference/${path} ${REMEDY}`)).toEqual([]);
});

test('given the event types of the log, each has a schema, and both APIs a document', () => {
  const types = bankEventSchema.options.flatMap(({ options }) =>
    options.map(({ shape }) => shape.type.value),
  );
  expect(types.length).toBeGreaterThan(2);
  for (const type of types) {
    const told = [...files.keys()].filter((path) => path.includes(`.${type}.v`));
    expect(told).not.toEqual([]);
  }
  expect([...files.keys()].filter((path) => path.endsWith('openapi.json'))).toHaveLength(2);
});

test('given the API document, the types of the client are what it makes', () => {
  const root = process.cwd();
  const types = clientTypes(root, join(FOLDER, 'core-bank-api.openapi.json'));
  const isStale = readFileSync(join(root, 'client', 'schema.d.ts'), 'utf8') !== types;
  expect(isStale ? `client/schema.d.ts ${REMEDY}` : '').toBe('');
}, 60_000);

test('given the problems, docs/problems.md is what they make', () => {
  const page = readFileSync(join(process.cwd(), 'docs', 'problems.md'), 'utf8');
  expect(page).toBe(problemsPage());
});

test('given the rotations, docs/rotation.md is what they make', () => {
  const page = readFileSync(join(process.cwd(), 'docs', 'rotation.md'), 'utf8');
  expect(page).toBe(rotationPage());
});

test('given the configuration of the apps, docs/configuration.md is what it makes', () => {
  const page = readFileSync(join(process.cwd(), 'docs', 'configuration.md'), 'utf8');
  expect(page).toBe(configurationPage(process.cwd()));
});
