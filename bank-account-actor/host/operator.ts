import type { RequestListener } from 'node:http';
import type { StreamId } from '../../domain/ids.ts';
import { createApp, finish, jsonBody } from '../../platform/http/http.ts';
import { bodyOf } from '../../platform/http/requests.ts';
import type { Logger } from '../../platform/logger.ts';
import { READ_KEYS, REWRAP_KEYS } from '../restore/keys-backup.ts';

const BODY_BYTES_MAX = 64 * 1024;

/** What the operator of an actor host may ask. */
export interface OperatorOptions {
  /** The keys of persons, in the order asked; undefined for those without one. */
  readonly keysOf: (streams: readonly StreamId[]) => Promise<(string | undefined)[]>;
  /** Wraps all keys by the current key of the ring; returns how many were not yet. */
  readonly rewrap: () => Promise<number>;
  readonly token: string;
  readonly logger: Logger;
}

/** The acts of the operator. They are served on a socket of their own, past every sidecar. */
export function operatorApp({ keysOf, rewrap, token, logger }: OperatorOptions): RequestListener {
  const app = createApp({ logger, appToken: token });
  app.post(READ_KEYS.path, jsonBody(BODY_BYTES_MAX), async (request, response) => {
    const keys = await keysOf(bodyOf(READ_KEYS.input, request.body).streams);
    response.json({ keys: keys.map((key) => key ?? null) });
  });
  app.post(REWRAP_KEYS.path, jsonBody(BODY_BYTES_MAX), async (request, response) => {
    bodyOf(REWRAP_KEYS.input, request.body);
    response.json({ rewrapped: await rewrap() });
  });
  finish(app, logger);
  return app;
}
