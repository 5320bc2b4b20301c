import http from 'node:http';
import net from 'node:net';
import { authorizationFor } from '../faults/bank-fetch.ts';
import type { BadRequest } from './corpus.ts';

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

const ANSWER_MS_MAX = 20_000;

/**
 * Sends a request as it is written, without a client library that would correct it. A bank that
 * wants a token gets one with it.
 */
export async function send(base: string, request: BadRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  const authorization = await authorizationFor(base);
  return new Promise((resolve, reject) => {
    const { method, path } = request;
    const options = {
      hostname,
      port,
      method,
      path,
      headers: { ...authorization, ...request.headers },
      agent: false,
    };
    const call = http.request(options as http.RequestOptions, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    call.setTimeout(ANSWER_MS_MAX, () => call.destroy(new Error('no answer in time')));
    call.on('error', reject);
    call.end(request.body);
  });
}

/** Writes bytes to the port and answers what came back until the other side closed. */
export function sendBytes(
  base: string,
  parts: readonly string[],
  pauseMs: number,
): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)));
    void (async () => {
      for (const part of parts) {
        if (socket.destroyed) return;
        socket.write(part);
        await new Promise((wake) => setTimeout(wake, pauseMs));
      }
    })();
  });
}
