import { setTimeout as sleep } from 'node:timers/promises';
import { connectPool, untilFound, type Connection, type Reply } from './connection.ts';
import { latenciesOf, type Latencies } from './report/latencies.ts';
import { command, pick } from './loads.ts';
import { openLoop } from './open-loop.ts';

export interface Delays {
  /** Commands per second that were sent by the clock. */
  readonly perSecond: number;
  readonly errors: number;
  readonly firstError: string | undefined;
  /** Answers, counted from the time at which each command was due. */
  readonly answers: Latencies;
  /** From the answer to the event being read from the log, the balance and the history. */
  readonly log: Latencies;
  readonly balance: Latencies;
  readonly history: Latencies;
}

export interface DelayOptions {
  readonly url: string;
  readonly queryUrl: string;
  readonly accounts: readonly string[];
  readonly perSecond: number;
  readonly durationMs: number;
}

const KINDS = ['log', 'balance', 'history'] as const;
/** Of each kind: enough to see a p99, too few to be a load of their own. */
const PROBES_PER_SECOND = 15;
const PROBE_CONNECTIONS = 32;
const PROBE_POLL_MS = 4;
const PROBE_LIMIT_MS = 30_000;

interface Answered {
  readonly accountId: string;
  readonly version: number;
}

const pathOf = (kind: (typeof KINDS)[number], { accountId, version }: Answered): string => {
  const account = `/v1/accounts/${accountId}`;
  switch (kind) {
    case 'log':
      return `${account}/events?fromVersion=${version}&limit=1`;
    case 'balance':
      return `${account}/balance?minVersion=${version}`;
    case 'history':
      return `${account}/history?limit=1&minVersion=${version}`;
  }
};

// The log answers an empty page until it has the event, the read side waits or refuses.
async function untilLogged(queries: Connection, path: string): Promise<void> {
  const deadline = performance.now() + PROBE_LIMIT_MS;
  while (performance.now() < deadline) {
    const reply = await queries.exchange({ method: 'GET', path });
    if (reply.status === 200 && reply.text.includes('"items":[{')) return;
    await sleep(PROBE_POLL_MS);
  }
  throw new Error(`${path}: not in the log after ${PROBE_LIMIT_MS} ms`);
}

/** Measures how far log and read side are behind the answers at a steady rate of commands. */
export async function measureDelays(options: DelayOptions): Promise<Delays> {
  const { url, queryUrl, accounts, perSecond, durationMs } = options;
  const queries = connectPool(queryUrl, PROBE_CONNECTIONS);
  const found: Record<(typeof KINDS)[number], number[]> = { log: [], balance: [], history: [] };
  const probes: Promise<void>[] = [];
  const every = Math.max(1, Math.round(perSecond / (PROBES_PER_SECOND * KINDS.length)));
  let answers = 0;

  const probe = async (reply: Reply, answeredAt: number): Promise<void> => {
    const kind = KINDS[probes.length % KINDS.length] ?? 'log';
    const path = pathOf(kind, JSON.parse(reply.text) as Answered);
    if (kind === 'log') await untilLogged(queries, path);
    else await untilFound(queries, path, PROBE_LIMIT_MS, PROBE_POLL_MS);
    found[kind].push(performance.now() - answeredAt);
  };

  const loop = await openLoop({
    url,
    perSecond,
    durationMs,
    status: 201,
    next: () => command(pick(accounts)),
    onReply: (reply, answeredAt) => {
      answers += 1;
      if (answers % every === 0) probes.push(probe(reply, answeredAt));
    },
  });
  await Promise.all(probes);
  await queries.close();
  return {
    perSecond,
    errors: loop.errors,
    firstError: loop.firstError,
    answers: loop.latencies,
    log: latenciesOf(found.log),
    balance: latenciesOf(found.balance),
    history: latenciesOf(found.history),
  };
}
