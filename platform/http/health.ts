import type { Express } from 'express';

/** What a check tells a person. */
export type Detail = Readonly<Record<string, unknown>>;
/** Checks one thing that the service needs; throws when it is not usable. */
export type Check = () => Promise<Detail> | Detail;

/** Thrown by a check for what does not repair itself: a person has to act. */
export class NeedsPerson extends Error {}

/**
 * Adds /healthz and /health/live (200 while the process serves) and /health/ready (503 when a check
 * throws).
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

/** The answer of /health/ready. */
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
