import { TLSSocket } from 'node:tls';
import type { Request } from 'express';
import type { z } from 'zod';
import type { FieldError } from '../../contracts/http/problems.ts';
import { wording } from '../../contracts/http/wording.ts';
import { Failure } from './failure.ts';

/** The unknown names that one problem lists at most, and how much of each. */
const NAMES_MAX = 10;
const NAME_CHARACTERS_MAX = 100;

/** The problem that one thing in a request is wrong; for `at` see FieldError. */
export const invalid = (at: string, message: string): Failure =>
  new Failure('invalid-request', { errors: [{ at, message }] });

/** The problem that a body, or a part of one, does not fit its schema. */
export const invalidBy = (error: z.ZodError): Failure =>
  new Failure('invalid-request', { errors: error.issues.flatMap(bodyErrors) });

/** The body of a request; throws the problem that names what does not fit. */
export function bodyOf<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body, { error: wording });
  if (parsed.success) return parsed.data;
  throw invalidBy(parsed.error);
}

const pointer = (path: readonly PropertyKey[]): string =>
  path.map((member) => `/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function bodyErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ at: pointer(issue.path), message: issue.message }];
  }
  return issue.keys.slice(0, NAMES_MAX).map((key) => ({
    at: pointer([...issue.path, key.slice(0, NAME_CHARACTERS_MAX)]),
    message: 'is not a known member',
  }));
}

/** The parameters of the query; throws the problem that names unknown, repeated and wrong ones. */
export function queryOf<Schema extends z.ZodObject>(
  schema: Schema,
  request: Pick<Request, 'query'>,
): z.output<Schema> {
  const parsed = schema.safeParse({ ...request.query }, { error: wording });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => queryErrors(issue, request));
  throw new Failure('invalid-request', { errors });
}

function queryErrors(issue: z.core.$ZodIssue, request: Pick<Request, 'query'>): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, NAMES_MAX).map((key) => ({
      at: `query/${key.slice(0, NAME_CHARACTERS_MAX)}`,
      message: 'is not a known parameter',
    }));
  }
  const name = String(issue.path[0]);
  const isRepeated = Array.isArray(request.query[name]);
  return [{ at: `query/${name}`, message: isRepeated ? 'must be given once' : issue.message }];
}

/** A parameter of the path; throws the problem that says what it must be. */
export function paramOf<
  Params extends Readonly<Record<string, z.ZodType>>,
  Name extends keyof Params & string,
>(request: Request, params: Params, name: Name): z.output<Params[Name]> {
  const parsed = params[name]!.safeParse(request.params[name], { error: wording });
  if (parsed.success) return parsed.data as z.output<Params[Name]>;
  throw invalid(`path/${name}`, parsed.error.issues[0]?.message ?? 'is not valid');
}

/** Where a request came by the front door of another API: the address that its client called. */
export const FRONT_DOOR = 'core-bank-front-door';

/** Protocol, host and port of a request, as its client names them. */
export const originOf = ({ socket, headers }: Request): string =>
  `${socket instanceof TLSSocket ? 'https' : 'http'}://${headers.host}`;
