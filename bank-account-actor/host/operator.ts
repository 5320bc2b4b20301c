import type { RequestListener } from 'node:http';
import type { StreamId } from '../../domain/ids.ts';
import type { RecordAccess } from '../../platform/access-reports.ts';
import { createApp, finish, jsonBody } from '../../platform/http/http.ts';
import { bodyOf } from '../../platform/http/requests.ts';
import type { Logger } from '../../platform/logger.ts';
import { READ_KEYS, REWRAP_KEYS } from '../restore/keys-backup.ts';

const BODY_BYTES_MAX = 64 * 1024;

/** What the operator of an actor host may ask. */
export interface OperatorOptions {
  /** Hears whose keys are given away. */
  readonly record: RecordAccess;
  /** The keys of persons, in the order asked; undefined for those without one. */
  readonly keysOf: (streams: readonly StreamId[]) => Promise<(string | undefined)[]>;
  /** Wraps keys by the current key of the ring; returns how many, 0 when none is left. */
  readonly rewrap: () => Promise<number>;
  readonly token: string;
  readonly logger: Logger;
}

/** The operator shows a token that names nobody, so this is all that is known. */
const KEYS_GIVEN = {
  outcome: 'read',
  operation: 'backupKeys',
  principal: { subject: 'operator', client: 'operator-socket', roles: ['operator'] },
} as const;
const idIn = (stream: StreamId): string => stream.slice(stream.indexOf('/') + 1);

/** The acts of the operator. They are served on a socket of their own, past every sidecar. */
export function operatorApp({
  keysOf,
  record,
  rewrap,
  token,
  logger,
}: OperatorOptions): RequestListener {
  const app = createApp({ logger, appToken: token });
  app.post(READ_KEYS.path, jsonBody(BODY_BYTES_MAX), async (request, response) => {
    const { streams } = bodyOf(READ_KEYS.input, request.body);
    const keys = await keysOf(streams);
    const given = streams.filter((_stream, index) => keys[index] !== undefined);
    if (given.length > 0) record({ ...KEYS_GIVEN, objects: given.map(idIn) });
    response.json({ keys: keys.map((key) => key ?? null) });
  });
  app.post(REWRAP_KEYS.path, jsonBody(BODY_BYTES_MAX), async (request, response) => {
    bodyOf(REWRAP_KEYS.input, request.body);
    response.json({ rewrapped: await rewrap() });
  });
  finish(app, logger);
  return app;
}
