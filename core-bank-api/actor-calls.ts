import type { AuthenticCalls } from '../platform/authentic-calls.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';
import type { Logger } from '../platform/logger.ts';

/** Calls an actor with JSON and gives its answer; rejects with SidecarError when there is none. */
export type CallActor = (
  type: string,
  id: string,
  method: string,
  json: string,
) => Promise<unknown>;

/**
 * Calls of actors that their hosts can tell from those of others, and answers that only a host can
 * give: Dapr lets any app register an actor type, so where a call arrives proves nothing. An answer
 * of somebody else is none: the outcome is unknown.
 */
export const actorCalls =
  (sidecar: Pick<Sidecar, 'invokeActor'>, calls: AuthenticCalls, logger: Logger): CallActor =>
  async (type, id, method, json) => {
    const { body, read } = calls.send(`${type}/${id}/${method}`, json);
    const answer = read(await sidecar.invokeActor(type, id, method, body));
    if (answer !== undefined) return JSON.parse(answer) as unknown;
    logger.error('ALARM: somebody who is no actor host answered for an actor', { type, id });
    throw new SidecarError(`actor ${type}/${id}: the answer is not from an actor host`);
  };
