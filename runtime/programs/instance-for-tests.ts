import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { prepareDataDir, type Instance } from '../instance.ts';
import { freePort } from '../ports.ts';
import { manageProgram, type Managed, type ProgramSpec } from '../supervisor/managed-program.ts';

/** For programs that a test starts alone: free ports, and an empty data folder in /tmp. */
export async function instanceForTests(
  name: string,
  programs: readonly (keyof Instance['ports'])[],
): Promise<Instance> {
  const ports: Partial<Record<keyof Instance['ports'], number>> = {};
  for (const program of programs) ports[program] = await freePort();
  const instance: Instance = {
    number: 0,
    root: resolve(process.cwd()),
    dataDir: mkdtempSync(join(tmpdir(), `${name}-test-`)),
    cacheDir: process.env['CORE_BANK_CACHE'] ?? join(homedir(), '.cache', 'core-bank'),
    ports: ports as Instance['ports'],
  };
  prepareDataDir(instance);
  return instance;
}

/** Starts a program and waits until it is ready; it comes back when it dies. */
export async function launch(spec: ProgramSpec): Promise<Managed> {
  const program = manageProgram(spec, { changed: () => {}, noted: () => {} });
  program.start();
  await untilReady(program);
  return program;
}

export async function untilReady(program: Managed): Promise<void> {
  while (program.state() !== 'ready') await sleep(20);
}

/** Copies a data folder with its owners: under root, each program has a user of its own. */
export const copyOwned = (from: string, to: string): void =>
  void execFileSync('cp', ['-a', from, to]);
