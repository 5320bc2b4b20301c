import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { CannotRun } from '../../runtime/progress.ts';

/** A package that is made of rooms of the bank. */
interface Package {
  readonly name: string;
  readonly description: string;
  /** The folder of the sources that the package has at its top. */
  readonly from: string;
  /** The room whose package.json lists what it needs. */
  readonly room: string;
  /** What of it may be imported, by the file. */
  readonly exports: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  /** Files that the compiler does not write. */
  readonly copied?: readonly string[];
  readonly readme: string;
}

const PACKAGES: readonly Package[] = [
  {
    name: 'core-bank-client',
    description: 'A typed client of Core Bank: commands that are executed once, lists, live events',
    from: 'client',
    room: 'client',
    exports: { '.': 'bank-client' },
    copied: ['schema.d.ts'],
    readme: 'docs/client.md',
  },
  {
    name: 'core-bank-verifier',
    description: 'Checks offline what Core Bank proves about its log, with its public key only',
    from: '.',
    room: 'proofs',
    exports: {
      '.': 'proofs/receipt',
      './export': 'proofs/stream-export',
      './files': 'proofs/verify-files',
    },
    bin: { 'core-bank-verify': 'proofs/verify' },
    readme: 'docs/security-model.md',
  },
];

const run = (root: string, args: readonly string[]): void => {
  const done = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (done.status !== 0) throw new CannotRun(`${done.stdout}${done.stderr}`.trim());
};

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly engines: object;
  readonly dependencies: object;
}
const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

function compile(root: string, one: Package, folder: string): void {
  const entries = [...Object.values(one.exports), ...Object.values(one.bin ?? {})];
  const options = {
    rootDir: join(root, one.from),
    outDir: folder,
    declaration: true,
    sourceMap: false,
    typeRoots: [join(root, 'node_modules/@types')],
    types: ['node'],
  };
  const project = join(folder, 'tsconfig.json');
  const files = entries.map((entry) => join(root, one.from, `${entry}.ts`));
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: options,
    files,
    include: [],
  };
  writeFileSync(project, JSON.stringify(config));
  run(root, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
  rmSync(project);
  for (const file of Object.values(one.bin ?? {})) {
    const path = join(folder, `${file}.js`);
    writeFileSync(path, `#!/usr/bin/env node\n${readFileSync(path, 'utf8')}`);
  }
  for (const file of one.copied ?? []) cpSync(join(root, one.from, file), join(folder, file));
}

function describe(root: string, one: Package, folder: string): void {
  const { version, license, engines } = manifestIn(root);
  const { dependencies } = manifestIn(join(root, one.room));
  const exported = Object.entries(one.exports).map(([name, file]) => [
    name,
    { types: `./${file}.d.ts`, default: `./${file}.js` },
  ]);
  const manifest = {
    name: one.name,
    version,
    description: one.description,
    license,
    type: 'module',
    sideEffects: false,
    engines,
    exports: Object.fromEntries(exported) as object,
    ...(one.bin === undefined
      ? {}
      : {
          bin: Object.fromEntries(
            Object.entries(one.bin).map(([name, file]) => [name, `./${file}.js`]),
          ),
        }),
    files: ['**/*.js', '**/*.d.ts'],
    dependencies,
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  cpSync(join(root, one.readme), join(folder, 'README.md'));
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}

/** What publint and arethetypeswrong say against a package; nothing when they are content. */
async function faultsOf(folder: string, tarball: string): Promise<string[]> {
  const { messages, pkg } = await publint({ pkgDir: folder, pack: false, strict: true });
  const packed = createPackageFromTarballData(readFileSync(tarball));
  const { problems = [] } = (await checkPackage(packed)) as {
    problems?: { kind: string; resolutionKind?: string }[];
  };
  // It is for ES modules: what older ways of resolving make of it is of no concern.
  const isOurs = ({ resolutionKind }: { resolutionKind?: string }): boolean =>
    resolutionKind !== 'node10' && resolutionKind !== 'node16-cjs';
  return [
    ...messages.map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`),
    ...problems
      .filter((problem) => problem.kind !== 'CJSResolvesToESM' && isOurs(problem))
      .map((problem) => `types: ${JSON.stringify(problem)}`),
  ];
}

/**
 * Builds the packages that others can install, and checks them.
 * @param into the folder for the tarballs; it is emptied.
 * @returns the path of each tarball.
 * @throws CannotRun when one does not compile, or publint or arethetypeswrong finds a fault.
 */
export async function buildPackages(root: string, into: string): Promise<string[]> {
  rmSync(into, { recursive: true, force: true });
  const made: string[] = [];
  for (const one of PACKAGES) {
    const folder = join(into, one.name);
    mkdirSync(folder, { recursive: true });
    compile(root, one, folder);
    describe(root, one, folder);
    const npm = spawnSync('npm', ['pack', '--silent', '--pack-destination', into], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (npm.status !== 0) throw new CannotRun(`npm pack failed: ${npm.stderr}`);
    const tarball = join(into, npm.stdout.trim());
    const faults = await faultsOf(folder, tarball);
    if (faults.length > 0) throw new CannotRun(`${one.name}:\n${faults.join('\n')}`);
    made.push(tarball);
  }
  return made;
}
