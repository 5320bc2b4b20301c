import type { ErrorRequestHandler, Request } from 'express';
import { FOREIGN_PROBLEMS, objectsRefused } from '../../contracts/access/access-records.ts';
import { ownerBound } from '../../contracts/access/principal.ts';
import type { RecordAccess, SeenAccess } from '../access-reports.ts';
import { Failure, Unauthenticated } from './failure.ts';
import { senderKnownOf } from './gate.ts';
import type { Served } from './serve.ts';

const TRACE = /^00-((?!0{32})[0-9a-f]{32})-/;

/** The trace that the sender of a request named; undefined without one. */
export function traceOf({ headers }: Request): Pick<SeenAccess, 'traceId'> {
  const { traceparent } = headers;
  const traceId = typeof traceparent === 'string' ? TRACE.exec(traceparent)?.[1] : undefined;
  return traceId === undefined ? {} : { traceId };
}

/** What of a refused request is recorded; undefined when rights had nothing to do with it. */
function refusalOf(error: unknown, request: Request): SeenAccess | undefined {
  if (!(error instanceof Failure)) return undefined;
  if (error instanceof Unauthenticated) {
    return { outcome: 'unauthenticated', reason: error.reason };
  }
  const { code, parts } = error;
  if (code === 'too-many-requests' && parts.more?.['limit'] === 'failedLoginsPerAddress') {
    return { outcome: 'unauthenticated', reason: 'too-many-failures' };
  }
  const principal = senderKnownOf(request);
  if (code === 'forbidden' && principal === undefined) {
    return { outcome: 'forbidden', reason: 'no-role' };
  }
  const isForbidden = code === 'forbidden' || code === 'same-person';
  if (principal === undefined) return undefined;
  const mayBeForeign = FOREIGN_PROBLEMS.includes(code) && ownerBound(principal) !== undefined;
  if (!isForbidden && !mayBeForeign) return undefined;
  const objects = objectsRefused(request.params, parts.more);
  const outcome = isForbidden ? 'forbidden' : 'not-found';
  return { outcome, principal, objects, ...traceOf(request) };
}

/** Records requests to an operation that are refused for want of a right. */
export const recordRefusals =
  (record: RecordAccess) =>
  ({ id }: Pick<Served, 'id'>): ErrorRequestHandler =>
  (error, request, _response, next) => {
    const seen = refusalOf(error, request);
    if (seen !== undefined) record({ operation: id, ...seen });
    next(error);
  };
