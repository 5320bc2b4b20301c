import { apiDocument } from '../../contracts/catalogue.ts';
import type { Operation } from '../../contracts/http/openapi.ts';
import type { BadRequest } from './corpus.ts';
import type { RawAnswer } from './raw-http.ts';

interface Documented {
  readonly pattern: RegExp;
  readonly method: string;
  readonly statuses: ReadonlySet<number>;
}

const documentedOf = (operations: readonly Operation[]): Documented[] => {
  const { paths } = apiDocument('any', operations) as {
    paths: Record<string, Record<string, { responses: object }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
      method: method.toUpperCase(),
      statuses: new Set(Object.keys(responses).map(Number)),
    })),
  );
};

/**
 * Judges answers to bad requests: a right status that the OpenAPI document of the operation
 * tells of, as a problem that names the place of the mistake.
 */
export function judgeOf(operations: readonly Operation[]) {
  const documented = documentedOf(operations);
  return (bad: BadRequest, answer: RawAnswer): string | undefined => {
    const wrong = (what: string): string =>
      `${bad.name}: ${what} (${answer.status} ${answer.body.slice(0, 160)})`;
    if (!(bad.status ?? [400]).includes(answer.status)) return wrong('another status');
    if (!answer.contentType.startsWith('application/problem+json')) return wrong('no problem');
    const [path = ''] = bad.path.split('?');
    const operation = documented.find(
      ({ pattern, method }) => method === bad.method && pattern.test(path),
    );
    // A path or method that belongs to no operation is documented nowhere.
    if (operation !== undefined && !operation.statuses.has(answer.status)) {
      const isNoRoute = answer.body.includes('"route-not-found"');
      if (!isNoRoute) return wrong('not in the OpenAPI document');
    }
    if (bad.at === undefined || answer.status !== 400) return undefined;
    const { code, errors = [] } = JSON.parse(answer.body) as {
      code: string;
      errors?: { at: string }[];
    };
    // A broken document has no members that could be named.
    if (code === 'malformed-json') return undefined;
    const isNamed = errors.some(({ at }) => at.startsWith(bad.at as string));
    return isNamed ? undefined : wrong(`does not name ${bad.at}`);
  };
}
