import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import http, { type RequestListener } from 'node:http';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';

/** Environment variables of an app that an operator may ask for more than its clients may. */
export const operatorConfig = {
  OPERATOR_FOLDER: z
    .string()
    .min(1)
    .describe(
      'Folder of the Unix socket on which the app serves its operator; nobody else may enter.',
    ),
  OPERATOR_TOKEN: z.string().min(16).describe('Secret: the operator shows this token there.'),
};

const OWNER_ONLY = 0o700;
/** What the kernel takes of a path (sun_path of unix(7)), without the zero at its end. */
const PATH_BYTES_MAX = 103;

/** The socket of an app in that folder, by the shorter of two ways to write its path. */
export function operatorSocket(folder: string, app: string): string {
  const path = join(folder, `${app}.sock`);
  const fromHere = relative(process.cwd(), path);
  return Buffer.byteLength(fromHere) < Buffer.byteLength(path) ? fromHere : path;
}

/**
 * Serves an app's operator on a Unix socket, in a folder that only the user of the app may enter:
 * no sidecar, no web page and nobody else on the machine reaches it.
 * @param listener must ask for the operator's token (`createApp`), which is a second lock.
 * @returns rejects when the path is too long for a socket.
 */
export async function listenForOperator(
  listener: RequestListener,
  app: string,
  folder: string,
): Promise<http.Server> {
  const path = operatorSocket(folder, app);
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new Error(`${path} is too long for a socket: put the data folder elsewhere`);
  }
  mkdirSync(dirname(path), { recursive: true, mode: OWNER_ONLY });
  chmodSync(dirname(path), OWNER_ONLY);
  // What a killed process has left would keep its successor from listening.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path);
  const server = http.createServer({ requestTimeout: 10_000 }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return server;
}
