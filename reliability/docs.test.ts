import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { VARIABLE_GROUPS } from '../operations/variables.ts';
import { projectRoot } from '../runtime/instance.ts';

const ROOT = projectRoot();
const NOT_OURS = new Set(['node_modules', 'dist', 'results', '.git', '.data']);
/** Fewer would mean that the pages were not found. */
const PAGES_MIN = 25;
const LINKS_MIN = 60;
const PATHS_MIN = 80;
const VARIABLES_MIN = 30;
const WORDS_MIN = 15;
const SOURCES_MIN = 400;

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return NOT_OURS.has(entry.name) ? [] : filesIn(path);
  });

const files = filesIn('.');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const pages = files.filter((path) => path.endsWith('.md'));
const prose = (page: string): string => read(page).replaceAll(/^ *```[^]*?^ *```/gm, '');

const isInDocs = (page: string): boolean => page.startsWith('docs/');
/** What is not in a table, where figures and names are. */
const sentencesOf = (page: string): string[] =>
  prose(page)
    .split('\n')
    .filter((line) => !line.startsWith('|'));

/** The anchor that GitHub gives to a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchorsOf = (page: string): string[] =>
  [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

interface Link {
  readonly page: string;
  readonly target: string;
}

const LINK = /\]\(([^)\s]+)\)|\b(?:href|src|srcset)="([^"]+)"/g;
const links = pages.flatMap((page): Link[] =>
  [...prose(page).matchAll(LINK)]
    .map(([, markdown, html]) => ({ page, target: markdown ?? html ?? '' }))
    .filter(({ target }) => !/^[a-z]+:/.test(target)),
);

const fileOf = ({ page, target }: Link): string => {
  const [path = ''] = target.split('#');
  return path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
};

function linkFaults(link: Link): string[] {
  const file = fileOf(link);
  const fault = `${link.page}: ${link.target} leads nowhere`;
  if (!existsSync(join(ROOT, file))) return [fault];
  const [, anchor] = link.target.split('#');
  return anchor === undefined || anchorsOf(file).includes(anchor) ? [] : [fault];
}

/** "a/{b,c}.ts" names two files. */
function spread(path: string): string[] {
  const group = /\{([^}]+)\}/.exec(path);
  if (group === null) return [path];
  return (group[1] ?? '').split(',').flatMap((one) => spread(path.replace(group[0], one)));
}

const NAMED = /`([a-zA-Z0-9_.{},/-]+\.(?:ts|mjs|sql|proto|svg|md|yaml))`/g;
const ROOM = /`([a-z]+(?:-[a-z]+)*\/)`/g;
const UNQUOTED = /\b(docs\/[a-z0-9-]+(?:\/[a-z0-9-]+)?\.md)\b/g;
const namedIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, path = '']) => path);

/** What a build makes is not in the repository. */
const MADE = new Set(['dist/']);
const PLACEHOLDER = /\bNAME\b/;

/** A room or a file may be named by the end of its path, as in "`journal/functions.sql`". */
const isThere = (path: string): boolean =>
  MADE.has(path) ||
  PLACEHOLDER.test(path) ||
  files.some((file) =>
    path.endsWith('/') ? `/${file}`.includes(`/${path}`) : `/${file}`.endsWith(`/${path}`),
  );

const pathsOf = (text: string): string[] =>
  [NAMED, ROOM, UNQUOTED].flatMap((pattern) => namedIn(text, pattern)).flatMap(spread);
/** The history of the project names files as they were called then. */
const present = pages.filter((page) => page !== 'CHANGELOG.md');

const GLOSSARY = join('docs', 'glossary.md');
/** What is avoided in one meaning only is not among them: nobody but a reader can tell. */
const AVOIDED = namedIn(
  read(GLOSSARY).split('## Words to avoid')[1] ?? '',
  /^\| ([a-z ]+) \|/gm,
).filter((word) => word !== 'not');
const avoidedIn = (text: string, words = AVOIDED): string[] =>
  (text.match(new RegExp(String.raw`\b(?:${words.join('|')})\b`, 'gi')) ?? []).map((word) =>
    word.toLowerCase(),
  );

describe('the docs', () => {
  test('are seen as a whole', () => {
    expect(pages.length).toBeGreaterThan(PAGES_MIN);
    expect(links.length).toBeGreaterThan(LINKS_MIN);
    expect(present.flatMap((page) => pathsOf(prose(page))).length).toBeGreaterThan(PATHS_MIN);
  });

  test('are all linked from docs/README.md', () => {
    const index = join('docs', 'README.md');
    const linked = new Set(links.filter(({ page }) => page === index).map(fileOf));
    const others = pages.filter((page) => isInDocs(page) && page !== index);
    expect(others.filter((page) => !linked.has(page))).toEqual([]);
  });

  test('have no link that leads nowhere', () => expect(links.flatMap(linkFaults)).toEqual([]));

  test('name no file that is not there', () => {
    const faults = present.flatMap((page) =>
      pathsOf(prose(page))
        .filter((path) => !isThere(path))
        .map((path) => `${page} names ${path}`),
    );
    expect(faults).toEqual([]);
  });

  test('avoid the words that the glossary lists', () => {
    expect(AVOIDED.length).toBeGreaterThan(WORDS_MIN);
    const checked = ['README.md', 'ARCHITECTURE.md', 'STYLE.md', ...pages.filter(isInDocs)];
    const faults = checked
      .filter((page) => page !== GLOSSARY)
      .flatMap((page) => sentencesOf(page).filter((line) => avoidedIn(line).length > 0));
    expect(faults).toEqual([]);
  });

  test('say the same three figures in README.md as in docs/performance.md', () => {
    const figure = (page: string, load: string): string | undefined =>
      read(page)
        .split('\n')
        .filter((line) => line.startsWith('|') && line.includes(`(\`${load}\`)`))
        .map((line) => line.split('|').at(-2)?.replaceAll('*', '').trim())[0];
    for (const load of ['uniform', 'spread10k', 'transfers']) {
      expect(figure('docs/performance.md', load)).toMatch(/ms/);
      expect(figure('README.md', load)).toBe(figure('docs/performance.md', load));
    }
  });
});

describe('the code', () => {
  /** Words that have a right meaning in code: a test's whole bank, and those who follow the log. */
  const LEFT = new Set(['house', 'followers']);
  /** The texts of the published OpenAPI documents and events, which change with the API only. */
  const PUBLISHED: Readonly<Record<string, string>> = {
    'contracts/account/command-operations.ts': 'for ever',
    'contracts/account/queries.ts': 'for ever',
    'contracts/batch/batches.ts': 'for ever',
    'contracts/batch/operations.ts': 'for ever, what came of',
    'contracts/http/problems.ts': 'anew',
    'contracts/log/integration-events.ts': 'beside',
    'contracts/person/operations.ts': 'for ever',
    // An invariant, named so in alarms.
    'domain/invariants.ts': 'fold',
  };
  /** Tests name it and expect what an alarm about it says. */
  const INVARIANT = /\bfold[:']/g;
  /** A phrase may go on in the next line of its comment or string. */
  const inOneLine = (text: string): string => text.replaceAll(/ ?['`]? ?\+?\n[ */'`]*/g, ' ');
  const words = AVOIDED.filter((word) => !LEFT.has(word));
  const sources = files.filter(
    (path) =>
      /\.(ts|mjs)$/.test(path) &&
      // What is written from the contracts has their words.
      !path.endsWith('.d.ts') &&
      path !== 'reliability/docs.test.ts',
  );

  test('avoids these words too, in names, comments and sentences', () => {
    expect(sources.length).toBeGreaterThan(SOURCES_MIN);
    const found = sources.map((path) => {
      const text = path.includes('.test.') ? read(path).replaceAll(INVARIANT, '') : read(path);
      return [path, [...new Set(avoidedIn(inOneLine(text), words))].toSorted().join(', ')];
    });
    expect(Object.fromEntries(found.filter(([, hits]) => hits !== ''))).toEqual(PUBLISHED);
  });

  test.each([
    ['// Begins Anew,', 'anew'],
    [' * once, for\n   * ever', 'for ever'],
    ["'for ' +\n      'ever'", 'for ever'],
    ['// forever and a beside-note', 'beside'],
  ])('%j has %s', (text, word) => expect(avoidedIn(inOneLine(text))).toEqual([word]));
});

describe('faults are found', () => {
  test.each(['docs/nowhere.md', '#no-such-heading', 'STYLE.md#no-such-heading'])(
    'a link to %s',
    (target) => expect(linkFaults({ page: 'README.md', target })).toHaveLength(1),
  );

  test.each([
    '`domain/nothing.ts`',
    '`domain/{money,nothing}.ts`',
    '`nothing/`',
    'docs/nothing.md',
  ])('the path %s', (text) =>
    expect(pathsOf(text).filter((path) => !isThere(path))).toHaveLength(1),
  );
});

describe('the table of environment variables', () => {
  const READS =
    /\b(?:process\.env|env|environment)(?:\.([A-Z][A-Z0-9_]{2,})|\[\s*'([A-Z][A-Z0-9_]{2,})')/g;
  /** Some names are constants. */
  const NAMED_ELSEWHERE = /'(CORE_BANK_[A-Z_]+)'/g;
  /** They belong to the system and to jest. */
  const COMMON = ['PATH', 'TMPDIR', 'JEST_WORKER_ID'];
  const page = read('docs/configuration.md');

  test('has every variable that a program reads', () => {
    const sources = files.filter((path) => /\.(ts|mjs)$/.test(path) && !path.includes('.test.'));
    const found = sources.flatMap((path) =>
      [READS, NAMED_ELSEWHERE].flatMap((pattern) =>
        [...read(path).matchAll(pattern)].map(([, member, index]) => member ?? index ?? ''),
      ),
    );
    expect(new Set(found).size).toBeGreaterThan(VARIABLES_MIN / 2);
    const missing = [...new Set(found)].filter((name) => !page.includes(`| \`${name}\` |`));
    expect(missing.filter((name) => !COMMON.includes(name))).toEqual([]);
  });

  test('names the files that read each one', () => {
    const variables = VARIABLE_GROUPS.flatMap((group) => group.variables);
    expect(variables.length).toBeGreaterThan(VARIABLES_MIN);
    for (const { name, readBy } of variables) {
      expect(readBy.filter((path) => !read(path).includes(name))).toEqual([]);
    }
  });
});
