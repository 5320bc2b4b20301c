import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { COMMAND_ID_PATTERN, commandId, type CommandId } from '../domain/ids.ts';
import { IF_MATCH_TAGS_MAX, type IfMatch } from '../contracts/account/commands.ts';
import { invalid } from '../platform/http/requests.ts';
import { namesOf } from '../platform/http/trace-context.ts';

const refuse = (at: string, message: string): never => {
  throw invalid(at, message);
};

// Node joins repeated headers with ", "; a list is never one key or one version.
function single(request: Request, name: string): string | undefined {
  const values = request.headersDistinct[name.toLowerCase()];
  if (values === undefined) return undefined;
  if (values.length > 1) refuse(`header/${name}`, 'must be given once');
  return values[0];
}

/** A random command id, for a request without an Idempotency-Key. */
export const freshId = (): CommandId => commandId(randomUUID());

/**
 * The client's Idempotency-Key; a new one when the request has none.
 * @throws Failure (invalid-request) when it is malformed or repeated.
 */
export function commandIdOf(request: Request): CommandId {
  const key = single(request, 'Idempotency-Key');
  if (key === undefined) return freshId();
  if (!COMMAND_ID_PATTERN.test(key)) {
    refuse('header/Idempotency-Key', 'must be 1-128 visible ASCII characters');
  }
  return commandId(key);
}

const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/**
 * The versions at which If-Match lets the command run (RFC 9110, section 13.1.1). Weak tags, and
 * tags that the server never gives, match nothing.
 * @returns undefined when there is no such header: at any version.
 * @throws Failure (invalid-request) when it is malformed.
 */
export function ifMatchOf(request: Request): IfMatch | undefined {
  // Repeated lines are one list (RFC 9110, section 5.3).
  const text = request.headersDistinct['if-match']?.join(',').trim();
  if (text === undefined) return undefined;
  if (text === '*') return text;
  const members = text
    .replaceAll(ENTITY_TAG, 'tag')
    .split(',')
    .map((member) => member.trim());
  const isList = members.every((member) => member === 'tag' || member === '');
  if (!isList || !members.includes('tag')) {
    refuse('header/If-Match', 'must be * or versions in double quotes, as ETag is');
  }
  if (members.length > IF_MATCH_TAGS_MAX) {
    refuse('header/If-Match', `must have at most ${IF_MATCH_TAGS_MAX} members`);
  }
  return [...text.matchAll(ENTITY_TAG)].flatMap(([tag]) => {
    const strong = /^"(0|[1-9][0-9]{0,14})"$/.exec(tag);
    return strong === null ? [] : [Number(strong[1])];
  });
}

/** The W3C trace context of the request. */
export const traceparentOf = (request: Request): string => namesOf(request).traceparent;

/** Whether the request is a dry run; throws a Failure for any other query parameter. */
export const dryRunOf = (request: Request): boolean => flagsOf(request, ['dryRun']).dryRun;

/**
 * Only these parameters, each true or false.
 * @throws Failure (invalid-request) for anything else, which could be a mistyped one.
 */
export function flagsOf<Name extends string>(
  request: Request,
  names: readonly Name[],
): Record<Name, boolean> {
  for (const [name, value] of Object.entries(request.query)) {
    if (!(names as readonly string[]).includes(name))
      refuse(`query/${name}`, 'is not a known parameter');
    if (value !== 'true' && value !== 'false')
      refuse(`query/${name}`, 'must be true or false, once');
  }
  const flags = names.map((name) => [name, request.query[name] === 'true']);
  return Object.fromEntries(flags) as Record<Name, boolean>;
}
