const crashAt = process.env['CRASH_AT'] ?? '';

/** For reliability tests: dies as kill -9 does when the environment variable CRASH_AT names it. */
export function crashPoint(name: string): void {
  if (name === crashAt) process.kill(process.pid, 'SIGKILL');
}
