/** The licences that may be in the tree. */
const ALLOWED: readonly string[] = [
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'PSF-2.0',
  'Unlicense',
  'Python-2.0',
  'CC0-1.0',
  'CC-BY-4.0',
  'MPL-2.0',
  'Bitstream-Vera',
];

/** What is in the tree under another licence; docs/licence-decisions.md: what follows from that. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  'github.com/codenotary/immudb': 'BUSL-1.1',
  'github.com/auxten/postgresql-parser': 'LicenseRef-CockroachDB',
  'github.com/aavaz-ai/pii-scrubber': 'NONE',
};

/** Of packages whose package.json names none, or in words: read in their LICENSE. */
const READ: Readonly<Record<string, string>> = {
  'dejavu-fonts-ttf': 'Bitstream-Vera',
  'png-js': 'MIT',
};

/** The licence of an npm package as SPDX writes it; `said` is what its package.json says. */
export const licenceOfNpm = (name: string, said: string | undefined): string =>
  READ[name] ?? (said === 'apache-2.0' ? 'Apache-2.0' : (said ?? 'unknown'));

/** The first that fits, because some licences mention others. */
const SENTENCES: readonly (readonly [licence: string, sentence: RegExp])[] = [
  ['BUSL-1.1', /Business Source License 1\.1/],
  ['MPL-2.0', /Mozilla Public License,? (?:v\. |version )2\.0/i],
  ['AGPL', /GNU AFFERO GENERAL PUBLIC LICENSE/i],
  ['LGPL', /GNU LESSER GENERAL PUBLIC LICENSE/i],
  ['GPL', /GNU GENERAL PUBLIC LICENSE/i],
  ['Apache-2.0', /Apache License/],
  ['MIT', /Permission is hereby granted, free of charge/],
  ['BSD-3-Clause', /Redistribution and use[\s\S]*(?:Neither the name|nor the names)/],
  ['BSD-2-Clause', /Redistribution and use/],
  ['ISC', /Permission to use, copy, modify/],
];

/** The licence of a Go module with that text. */
export const licenceOfModule = (name: string, text: string): string =>
  EXCEPTIONS[name] ?? licenceIn(text) ?? 'unknown';

/** The licence whose text that is; undefined for one that is not known here. */
export const licenceIn = (text: string): string | undefined =>
  SENTENCES.find(([, sentence]) => sentence.test(text))?.[0];

/** Whether an SPDX expression asks for nothing but allowed licences; of "OR" one is enough. */
export const isAllowed = (expression: string): boolean =>
  expression
    .replaceAll(/[()]/g, '')
    .split(' AND ')
    .every((part) => part.split(' OR ').some((one) => ALLOWED.includes(one.trim())));
