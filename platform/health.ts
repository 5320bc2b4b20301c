import type { Express } from 'express';

export type Detail = Readonly<Record<string, unknown>>;
export type Check = () => Promise<Detail> | Detail;

/** Thrown by a check of what no waiting heals: a person has to look at it. */
export class NeedsPerson extends Error {}

/**
 * Adds /healthz and /health/live (200 while the process serves) and /health/ready (503 when a
 * check throws). A check answers details for a person to read.
 */
export function health(app: Express, checks: Readonly<Record<string, Check>>): void {
  app.get(['/healthz', '/health/live'], (_request, response) => {
    response.json({ status: 'live' });
  });
  app.get('/health/ready', async (_request, response) => {
    const { status, body } = await readiness(checks);
    response.status(status).json(body);
  });
}

/** What /health/ready answers. */
export async function readiness(
  checks: Readonly<Record<string, Check>>,
): Promise<{ status: 200 | 503; body: Detail }> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const),
  );
  const ready = results.every(([, result]) => result.ok);
  const body = { status: ready ? 'ready' : 'not-ready', checks: Object.fromEntries(results) };
  return { status: ready ? 200 : 503, body };
}

async function outcome(check: Check): Promise<Detail & { ok: boolean }> {
  try {
    return { ok: true, ...(await check()) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, reason, ...(error instanceof NeedsPerson ? { needsPerson: true } : {}) };
  }
}
