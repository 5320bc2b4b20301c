import { z } from 'zod';
import { clientTexts, dayText } from '../http/scalars.ts';
import { clientKeyText } from './commands.ts';
import { loggedEventSchema } from './events.ts';

/** Most lines of history that one answer with filters looks at. */
export const FILTER_LINES_MAX = 256;

/** The types that a line of history can have. */
const HISTORY_TYPES: readonly string[] = loggedEventSchema.options.map(
  ({ shape }) => shape.type.value,
);
/** What an event did to the ledger balance. */
const DIRECTIONS = ['credit', 'debit', 'none'] as const;

const known = new Set(HISTORY_TYPES);

const typeList = z
  .string()
  .transform((text) => [...new Set(text.split(','))].sort())
  .refine((types) => types.every((type) => known.has(type)), {
    message: `must be one or more of these, with commas between: ${HISTORY_TYPES.join(', ')}`,
  })
  .optional()
  .meta({
    description: 'only events of these types, with commas between',
    examples: ['money-deposited,money-withdrawn'],
  });

/**
 * A time in milliseconds of UTC. Events have whole milliseconds, so a finer time is rounded up,
 * which keeps "from this time on" and "before this time" true.
 */
export function millisecondsOf(text: string): number {
  const finer = /\.\d{3}(\d+)/.exec(text)?.[1] ?? '';
  return Date.parse(text) + (/[1-9]/.test(finer) ? 1 : 0);
}

/** A query member with an RFC 3339 time, read as milliseconds by the given function. */
export const timeText = (description: string, read: (text: string) => number) =>
  z.iso
    .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-11-21T10:00:00Z' })
    .transform(read)
    .refine(Number.isFinite, { message: 'must be an RFC 3339 time' })
    .optional()
    .meta({ description, examples: ['2026-11-21T10:00:00Z'] });
/** The same for a time that bounds a list. */
export const historyTime = (description: string) => timeText(description, millisecondsOf);

/**
 * Query members that filter a history. An event passes when it passes every filter that is given.
 */
export const historyFilters = {
  type: typeList,
  direction: z
    .enum(DIRECTIONS)
    .optional()
    .meta({ description: 'only what the event did to the ledger balance' }),
  from: historyTime('only events at this time or later (RFC 3339; "+" in a query is written %2B)'),
  to: historyTime('only events before this time (RFC 3339)'),
  reference: clientTexts.reference
    .optional()
    .meta({ description: 'only movements with exactly this reference' }),
  idempotencyKey: clientKeyText
    .optional()
    .meta({ description: 'only what was done under this Idempotency-Key' }),
  valueDate: dayText.optional().meta({
    description: 'only movements whose money counts from this day on',
    examples: ['2026-11-30'],
  }),
};

const filters = z.object(historyFilters);
export type HistoryFilters = z.infer<typeof filters>;
