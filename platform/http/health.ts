import type { Express, Request, RequestHandler, Response } from 'express';
import type { Gate } from './gate.ts';
import { sameToken } from './app-token.ts';

/** What a check tells a person. */
export type Detail = Readonly<Record<string, unknown>>;
/** Checks one thing that the service needs; throws when it is not usable. */
export type Check = () => Promise<Detail> | Detail;

/** Thrown by a check for what does not repair itself: a person has to act. */
export class NeedsPerson extends Error {}

/** Whether the sender may know what the checks found; others learn only whether all is ready. */
export type MayKnow = (request: Request, response: Response) => Promise<boolean> | boolean;

/** Anyone who shows the app's token, as an operator does; everybody when there is none. */
export const operatorMayKnow =
  (appToken: string | undefined): MayKnow =>
  ({ headers }) =>
    appToken === undefined || sameToken(appToken, headers['dapr-api-token']);

/** Anyone who has the right to read the audit as well. */
export const auditorMayKnow = (gate: Gate, operator: MayKnow): MayKnow => {
  const enter: RequestHandler = gate({ scope: 'audit:read', object: 'bank' });
  return async (request, response) => {
    if (await operator(request, response)) return true;
    if (request.headers.authorization === undefined) return false;
    return Promise.resolve(enter(request, response, () => undefined)).then(
      () => true,
      () => false,
    );
  };
};

/**
 * Adds /healthz and /health/live (200 while the process serves) and /health/ready (503 when a check
 * throws; those who may know it learn what the checks found).
 */
export function health(
  app: Express,
  checks: Readonly<Record<string, Check>>,
  mayKnow: MayKnow,
): void {
  app.get(['/healthz', '/health/live'], (_request, response) => {
    response.json({ status: 'live' });
  });
  app.get('/health/ready', async (request, response) => {
    const { status, body } = await readiness(checks);
    const isTold = await mayKnow(request, response);
    response.status(status).json(isTold ? body : { status: body.status });
  });
}

/** The answer of /health/ready. */
export async function readiness(
  checks: Readonly<Record<string, Check>>,
): Promise<{ status: 200 | 503; body: Detail & { readonly status: string } }> {
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
