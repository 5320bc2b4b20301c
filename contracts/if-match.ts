import { z } from 'zod';

export const IF_MATCH_TAGS_MAX = 100;

/** At which versions of its account or person a command may run; '*': at any, if it is there. */
export const ifMatch = z.union([z.literal('*'), z.array(z.int().min(0)).max(IF_MATCH_TAGS_MAX)]);
export type IfMatch = z.infer<typeof ifMatch>;

/** Whether a command may run on a stream of that version; of version 0 nothing is there. */
export const isMatch = (wanted: IfMatch | undefined, version: number): boolean =>
  wanted === undefined || (wanted === '*' ? version > 0 : wanted.includes(version));
