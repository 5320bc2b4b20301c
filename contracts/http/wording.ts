import type { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const UNITS: Readonly<Record<string, string>> = { string: 'character', array: 'item' };

/** As a size is said: "at least 1 item"; of a number the number itself. */
function size(least: 'least' | 'most', bound: number | bigint, origin: string): string {
  const unit = UNITS[origin];
  if (unit === undefined) return `must be at ${least} ${bound}`;
  return `must have at ${least} ${bound} ${unit}${Number(bound) === 1 ? '' : 's'}`;
}

const oneOf = (values: readonly unknown[]): string =>
  values.length === 1 ? `must be ${String(values[0])}` : `must be one of ${values.join(', ')}`;

const withArticle = (word: string): string => `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;

const within = (issues: readonly { readonly message: string }[]): string =>
  issues[0]?.message ?? 'is not valid';

/**
 * What is wrong with a member, as a client reads it after the member's name: "is required". For
 * what a schema says nothing about in words of its own; give it to a parse as its `error`.
 */
export function wording(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required';
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : oneOf(issue.values);
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty';
      return size('least', issue.minimum, issue.origin);
    case 'too_big':
      return size('most', issue.maximum, issue.origin);
    case 'invalid_format':
      return issue.format === 'regex'
        ? `must match ${issue.pattern}`
        : `must be ${withArticle(issue.format)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_union':
      return unionWording(issue);
    case 'invalid_key':
      return `has a name that ${within(issue.issues)}`;
    case 'invalid_element':
      return within(issue.issues);
    case 'unrecognized_keys':
      return `has members that are not known: ${issue.keys.join(', ')}`;
    default:
      return 'is not valid';
  }
}

function unionWording(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const { options, discriminator } = issue as { options?: unknown[]; discriminator?: string };
  if (options === undefined || discriminator === undefined) {
    return [...new Set(issue.errors.map(within))].join(', or ');
  }
  const named = (issue.input as Record<string, unknown> | undefined)?.[discriminator];
  return named === undefined ? 'is required' : oneOf(options);
}
