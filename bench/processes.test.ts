import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { familyOf, parseBusyMs, parseStat, proportionalMib, sample } from './processes.ts';
import { unwatchedOf } from './processes.ts';

const STAT =
  '4711 (a (odd) name) S 12 4711 4711 0 -1 4194560 99 0 0 0 30 5 2 1 20 0 7 0 123 9999 2560 18446';

test('a stat line is read whatever the name of the program holds', () => {
  expect(parseStat(STAT)).toEqual({ pid: 4711, parent: 12, cpuTicks: 38, rssPages: 2560 });
});

test('a family is a process, its children and theirs, in whatever order they are listed', () => {
  const stat = (pid: number, parent: number) => ({ pid, parent, cpuTicks: 0, rssPages: 0 });
  const stats = [stat(9, 8), stat(8, 1), stat(3, 2), stat(1, 0)];
  expect(familyOf(1, stats).map((member) => member.pid)).toEqual([9, 8, 1]);
});

test('given children of ours that no program has, they are named', () => {
  const stat = (pid: number, parent: number) => ({ pid, parent, cpuTicks: 0, rssPages: 0 });
  // 1 is this process, 2 a program with the child 3, and 4 has the child 5; 9 is a stranger.
  const stats = [stat(1, 0), stat(2, 1), stat(3, 2), stat(4, 1), stat(5, 4), stat(9, 0)];
  expect(unwatchedOf(1, [2], stats)).toEqual([4, 5]);
  expect(unwatchedOf(1, [2, 4], stats)).toEqual([]);
});

test('the machine is busy in every state but idle and waiting for disks', () => {
  expect(parseBusyMs('cpu  100 20 3 5000 600 7 8 9 50 0\ncpu0 1 1 1 1')).toBe(1_470);
  expect(parseBusyMs('')).toBe(0);
});

const onLinux = existsSync('/proc/self/smaps_rollup') ? test : () => {};
onLinux('given a busy process, its CPU time and memory are seen', async () => {
  const child = spawn(process.execPath, ['-e', 'for (;;) {}']);
  await once(child, 'spawn');
  const programs = [{ name: 'busy', pid: child.pid ?? 0 }];
  const [before] = sample(programs);
  let [after] = sample(programs);
  const tookMs = (): number => (after?.cpuMs ?? 0) - (before?.cpuMs ?? 0);
  // However busy the machine is: it only ends sooner or later.
  while (tookMs() < 100) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    [after] = sample(programs);
  }
  const pss = proportionalMib(programs);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  expect(after?.rssMib).toBeGreaterThan(5);
  expect(pss.get('busy')).toBeGreaterThan(1);
});
