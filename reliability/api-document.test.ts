import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  apiDocument,
  COMMAND_API_OPERATIONS,
  QUERY_API_OPERATIONS,
} from '../contracts/catalogue.ts';
import { asyncApi } from '../contracts/log/async-api.ts';
import { BODY_EXAMPLES } from '../contracts/examples.ts';
import { projectRoot } from '../runtime/instance.ts';

const OPERATIONS = [...COMMAND_API_OPERATIONS, ...QUERY_API_OPERATIONS];
const documents = {
  all: apiDocument('Core Bank', OPERATIONS),
  queries: apiDocument('Core Bank: queries', QUERY_API_OPERATIONS),
  'foreign-issuer': apiDocument('Core Bank', OPERATIONS, 'https://login.example.org/realm'),
};
const folder = mkdtempSync(join(tmpdir(), 'core-bank-api-document-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function lint(named: Readonly<Record<string, object>>): Promise<string[]> {
  const paths = Object.entries(named).map(([name, document]) => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(document));
    return path;
  });
  const linters = join(projectRoot(), 'reliability/api-linters.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [linters, ...paths]);
  return JSON.parse(stdout) as string[];
}

test('Redocly (recommended) and Spectral (oas) find nothing in the documents', async () => {
  const { 'foreign-issuer': foreign, ...ours } = documents;
  expect(await lint(ours)).toEqual([]);
  // Spectral takes scopes of OpenID Connect for unknown ones, because only discovery tells them.
  const inForeign = await lint({ foreign });
  expect(inForeign.filter((line) => !line.includes('oas3-operation-security-defined'))).toEqual([]);
}, 120_000);

test('Spectral (asyncapi) finds nothing in the document of the topics', async () => {
  const topics = asyncApi() as { channels: object };
  expect(Object.keys(topics.channels)).toHaveLength(5);
  expect(await lint({ topics })).toEqual([]);
  const planted = { ...topics, channels: { 'bank-events': { address: 7 } } };
  expect((await lint({ planted })).join()).toContain('asyncapi');
}, 60_000);

test('the linters find a planted fault', async () => {
  const [line] = await lint({
    planted: { ...documents.queries, tags: [{ name: 'Accounts' }, {}] },
  });
  expect(line).toMatch(/^redocly/);
}, 60_000);

/** Every schema of the document that says nothing of what it describes. */
function untyped(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = `${at}/${name}`;
    const isSchema = /\/(?:schema|properties\/[^/]+|items)$/.test(path);
    const isEmpty = isSchema && Object.keys(inner as object).every((key) => key === 'description');
    return [...(isEmpty ? [path] : []), ...untyped(inner, path)];
  });
}

test('every member, parameter and item has a type', () => {
  expect(untyped({ schema: {}, other: { schema: { description: 'x' } } })).toHaveLength(2);
  for (const document of Object.values(documents)) expect(untyped(document)).toEqual([]);
});

/** The formats of all members of that name, wherever the document has one. */
function formatsOf(name: RegExp, value: unknown, member = ''): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const { type, format, pattern } = value as Record<string, unknown>;
  const own = name.test(member) && type === 'string' ? [format ?? pattern] : [];
  return [...own, ...Object.entries(value).flatMap(([key, inner]) => formatsOf(name, inner, key))];
}

test('a time and an id have their formats, and the place of a mistake has none', () => {
  const { all } = documents;
  expect(new Set(formatsOf(/^(?:[a-z]+At|since)$/, all))).toEqual(new Set(['date-time']));
  expect(formatsOf(/^(?:account|person|hold|transfer|approval)Id$/, all)).not.toContain(undefined);
  const { Problem } = (all as { components: { schemas: Record<string, unknown> } }).components
    .schemas;
  expect(formatsOf(/^at$/, Problem)).toEqual([undefined]);
});

test.each(Object.entries(BODY_EXAMPLES))(
  'the example of %s is what its contract takes',
  (id, example) => {
    const body = OPERATIONS.find((operation) => operation.id === id)?.body;
    expect(body?.safeParse(example)).toMatchObject({ success: true });
  },
);

test('no operation with a body lacks an example', () => {
  const lacking = OPERATIONS.filter(({ id, body }) => body !== undefined && !(id in BODY_EXAMPLES));
  expect(lacking.map(({ id }) => id)).toEqual([]);
});
