import type { LoadResult, Results } from './results.ts';

export const latencies = { count: 100, p50: 3, p95: 20, p99: 60, max: 90 };

/** A load whose programs take `cpuMs` for each request, and the generator 0.06. */
export const load = (name: string, perSecond: number, cpuMs = 1, errors = 0): LoadResult => ({
  name,
  clients: 64,
  perSecond,
  errors,
  latencies,
  firstError: errors > 0 ? '503 away' : undefined,
  programs: [
    { name: 'postgres', cpuMsPerRequest: cpuMs / 4, cpuShare: 0.2, rssMib: 100 },
    { name: 'event-source', cpuMsPerRequest: (3 * cpuMs) / 4, cpuShare: 0.2, rssMib: 100 },
    { name: 'load generator', cpuMsPerRequest: 0.06, cpuShare: 0.02, rssMib: 100 },
  ],
  othersShare: 0.01,
  catchUpMs: 40,
  lateCpuMs: 0.01,
});

export const results: Results = {
  at: '2026-11-21T12:00:00.000Z',
  machine: { cores: 2, model: 'a machine', memoryGib: 24 },
  node: '20.20.2',
  seconds: 8,
  minutes: 12,
  actorHosts: 1,
  loads: [load('deposit1', 300), load('uniform', 1_400, 1.4), load('balance', 1_000)],
};
