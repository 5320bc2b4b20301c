import type { FieldError } from '../contracts/http/problems.ts';
import { accountIdOfNumber } from '../domain/account-number.ts';
import { ACCOUNT_ID_PATTERN, accountId, type AccountId } from '../domain/ids.ts';
import { Failure, idIn } from '../platform/http.ts';
import type { Request } from 'express';
import { z } from 'zod';

/** An opaque place in a list; it names the list, so that it fits no other one. */
export function writeCursor(list: string, place: number): string {
  return Buffer.from(`${list}/${place}`).toString('base64url');
}

/** The place that a cursor of this list names; undefined for anything else. */
export function readCursor(list: string, cursor: string): number | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  const place = Number(text.slice(list.length + 1));
  const isOurs = Number.isSafeInteger(place) && place >= 0 && writeCursor(list, place) === cursor;
  return isOurs ? place : undefined;
}

const ISSUES_MAX = 10;
const NAME_CHARACTERS_MAX = 100;

/** For what takes no parameter. */
export const noQuery = z.strictObject({});

export const invalid = (at: string, message: string): Failure =>
  new Failure('invalid-request', { errors: [{ at, message }] });

/** The account that the path names, by id or by number. */
export function accountOf(request: Request): AccountId {
  const text = idIn(request, 'id');
  if (ACCOUNT_ID_PATTERN.test(text)) return accountId(text);
  const id = accountIdOfNumber(text);
  if (id !== undefined) return id;
  throw invalid('path/id', 'must be a UUID or an account number with valid check digits');
}

/** The parameters of the query; unknown and repeated ones are refused. */
export function queryOf<Query extends z.ZodObject>(
  schema: Query,
  request: Request,
): z.infer<Query> {
  const parsed = schema.safeParse({ ...request.query });
  if (parsed.success) return parsed.data;
  throw new Failure('invalid-request', {
    errors: parsed.error.issues.flatMap((issue) => fieldErrors(issue, request)),
  });
}

function fieldErrors(issue: z.core.$ZodIssue, request: Request): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, ISSUES_MAX).map((key) => ({
      at: `query/${key.slice(0, NAME_CHARACTERS_MAX)}`,
      message: 'is not a known parameter',
    }));
  }
  const name = String(issue.path[0]);
  const isRepeated = Array.isArray(request.query[name]);
  return [{ at: `query/${name}`, message: isRepeated ? 'must be given once' : issue.message }];
}
