import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtName, builtPath } from './go-build.ts';
import { lookUp } from './programs.ts';
import { CannotRun } from '../progress.ts';
import type { ProgramVersion } from './versions.ts';

const PROGRAM: ProgramVersion = {
  version: '1.18.1',
  module: 'thing',
  package: '.',
  env: 'CORE_BANK_THING',
  versionArgs: ['--version'],
  atLeast: '1.18.0',
};

let folder: string;
const place = (): { root: string; cacheDir: string } => ({
  root: folder,
  cacheDir: join(folder, 'cache'),
});

const script = (file: string, version: string): string => {
  writeFileSync(file, `#!/bin/sh\necho "thing ${version}"\n`);
  chmodSync(file, 0o755);
  return file;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'programs-'));
  mkdirSync(join(folder, 'runtime', 'thing'), { recursive: true });
  mkdirSync(join(folder, 'path'));
  mkdirSync(join(folder, 'cache', 'bin'), { recursive: true });
  writeFileSync(join(folder, 'runtime', 'thing', 'go.mod'), 'module thing\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const look = (env: Record<string, string>, program = PROGRAM): string | undefined =>
  lookUp(place(), 'daprd', program, env);

describe('looking for a program', () => {
  test('given nothing anywhere, it must be built', () => {
    expect(look({ PATH: join(folder, 'path') })).toBeUndefined();
  });

  test('given all three places, the environment variable wins, then PATH, then the cache', () => {
    const own = script(join(folder, 'own'), '0.0.1');
    const onPath = script(join(folder, 'path', 'daprd'), '1.18.4');
    const built = script(builtPath(place(), 'daprd', PROGRAM), '1.18.1');
    const PATH = join(folder, 'path');
    expect(look({ PATH, CORE_BANK_THING: own })).toBe(own);
    expect(look({ PATH })).toBe(onPath);
    expect(look({ PATH: '' })).toBe(built);
  });

  test('given an incompatible one on PATH, it is passed over', () => {
    script(join(folder, 'path', 'daprd'), '1.17.0');
    expect(look({ PATH: join(folder, 'path') })).toBeUndefined();
  });

  test('given a program that cannot tell its version, PATH is not trusted', () => {
    script(join(folder, 'path', 'daprd'), '1.18.1');
    const { versionArgs: _, ...mute } = PROGRAM;
    expect(look({ PATH: join(folder, 'path') }, mute)).toBeUndefined();
  });

  test('given a variable that names no program, it refuses with one sentence', () => {
    expect(() => look({ CORE_BANK_THING: join(folder, 'none') })).toThrow(CannotRun);
  });
});

describe('the name of a build', () => {
  test('changes with sources, version and flags, and with nothing else', () => {
    const before = builtName(folder, 'daprd', PROGRAM);
    writeFileSync(join(folder, 'runtime', 'thing', 'README'), 'x');
    expect(builtName(folder, 'daprd', PROGRAM)).toBe(before);
    writeFileSync(join(folder, 'runtime', 'thing', 'main.go'), 'package main\n');
    const changed = builtName(folder, 'daprd', PROGRAM);
    expect(changed).not.toBe(before);
    expect(builtName(folder, 'daprd', { ...PROGRAM, versionVariable: 'x.y' })).not.toBe(changed);
    expect(builtName(folder, 'daprd', { ...PROGRAM, version: '1.18.2' })).toContain('1.18.2');
  });
});
