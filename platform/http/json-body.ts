import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import { Failure } from './failure.ts';

// A body that is too large is read to its end up to here, because a client that is still
// sending does not read an answer and would see only a broken connection.
const DRAIN_BYTES_MAX = 16 * 1024 * 1024;

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a JSON object of at most `bytesMax` bytes. Stricter than express.json: invalid UTF-8, a
 * byte order mark, another charset, a compressed body and duplicate members are refused, because
 * two readers could understand them differently. A POST without content is an empty object,
 * whatever its type. A PUT without content is refused: a body that got lost on the way would erase
 * what it replaces.
 */
export function jsonBody(bytesMax: number): RequestHandler {
  return (request, _response, next) => {
    const mayBeEmpty = request.method === 'POST' && !request.headers['content-encoding'];
    if (mayBeEmpty && isEmpty(request.headers)) {
      request.body = {};
      next();
      return;
    }
    if (!isJson(request.headers['content-type']) || request.headers['content-encoding']) {
      next(new Failure('unsupported-media-type'));
      return;
    }
    const chunks: Buffer[] = [];
    const detail = `Send at most ${bytesMax / 1024} KiB.`;
    const tooLarge = () => new Failure('payload-too-large', { detail });
    let bytes = 0;
    let done = false;
    const finish = (failure?: Failure): void => {
      if (done) return;
      done = true;
      next(failure);
    };
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else if (bytes > DRAIN_BYTES_MAX) finish(tooLarge());
    });
    request.on('error', () => finish(new Failure('malformed-json')));
    request.on('end', () => {
      if (done) return;
      try {
        if (bytes > bytesMax) throw tooLarge();
        request.body = bytes === 0 && mayBeEmpty ? {} : parseObject(Buffer.concat(chunks));
        finish();
      } catch (error) {
        finish(error instanceof Failure ? error : new Failure('malformed-json'));
      }
    });
  };
}

// Without a length and not in chunks a request has no content (RFC 9112, section 6.3).
const isEmpty = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;

const isJson = (contentType: string | undefined): boolean =>
  /^application\/(?:json|[a-z0-9.+-]+\+json)\s*(?:;\s*charset="?utf-?8"?\s*)?$/i.test(
    contentType ?? '',
  );

/**
 * The JSON object in the bytes.
 * @throws Failure (malformed-json) when it is not UTF-8, has a byte order mark, a member twice or
 *   `__proto__`, or is not an object; SyntaxError when it is not JSON; RangeError when it is nested
 *   too deep.
 */
export function parseObject(bytes: Buffer): object {
  const text = decode(bytes);
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failure('malformed-json', { detail: 'The body must be a JSON object.' });
  }
  if (membersWritten(text) !== membersKept(value)) {
    throw new Failure('malformed-json', { detail: 'A member occurs twice in one object.' });
  }
  return value;
}

function decode(bytes: Buffer): string {
  if (bytes[0] === 0xef) throw new Failure('malformed-json', { detail: 'Leave out the BOM.' });
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Failure('malformed-json', { detail: 'The body is not valid UTF-8.' });
  }
}

// In valid JSON every member has exactly one colon outside strings, so the text has more of
// them than the parsed value has members exactly when JSON.parse dropped a duplicate.
function membersWritten(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === 0x3a) count += 1;
    else if (char === 0x22) at = endOfString(text, at + 1);
  }
  return count;
}

function endOfString(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
  return at;
}

function membersKept(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Object.hasOwn(value, '__proto__')) {
    throw new Failure('malformed-json', { detail: 'No member may be called "__proto__".' });
  }
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
  const own = Array.isArray(value) ? 0 : members.length;
  return members.reduce<number>((sum, member) => sum + membersKept(member), own);
}
