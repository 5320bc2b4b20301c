import type { Request, RequestHandler } from 'express';
import { boundedMap } from '../bounded-map.ts';
import { Failure } from '../http/http.ts';
import type { Gate } from '../http/gate.ts';

const MINUTE_MS = 60_000;
/** More addresses than this push out the ones that were seen longest ago. */
const ADDRESSES_MAX = 10_000;

/**
 * A gate that answers 429 in place of 401 to an address that has failed too often in a minute. A
 * good token is let through from there all the same, because others may share the address.
 */
export function boundFailedLogins(gate: Gate, perMinute: number, now = Date.now): Gate {
  const failed = boundedMap<string, { since: number; count: number }>(ADDRESSES_MAX);
  const refusalFor = ({ socket }: Request): Failure | undefined => {
    const address = socket.remoteAddress ?? '';
    const known = failed.get(address);
    const at = now();
    const current =
      known !== undefined && at - known.since < MINUTE_MS ? known : { since: at, count: 0 };
    current.count += 1;
    failed.set(address, current);
    if (current.count <= perMinute) return undefined;
    const seconds = Math.ceil((current.since + MINUTE_MS - at) / 1_000);
    const detail = `More than ${perMinute} requests without a valid token came within a minute.`;
    const parts = { detail, more: { limit: 'failedLoginsPerAddress', most: perMinute } };
    return new Failure('too-many-requests', parts, { 'Retry-After': String(seconds) });
  };
  return (access) => {
    const enter = gate(access);
    const guarded: RequestHandler = async (request, response, next) => {
      try {
        await enter(request, response, next);
      } catch (error) {
        const isLogin = error instanceof Failure && error.code === 'unauthenticated';
        throw (isLogin ? refusalFor(request) : undefined) ?? error;
      }
    };
    return guarded;
  };
}
