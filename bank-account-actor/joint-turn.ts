import type { CommandResult } from '../contracts/commands.ts';
import type { Account } from '../domain/account.ts';
import type { Turn } from './turn.ts';

/** How the commands of one call belong together. */
export interface Joint {
  /** All of them are committed, or none. */
  readonly atomic?: boolean | undefined;
  /** They are decided one after the other, and nothing is committed. */
  readonly dryRun?: boolean | undefined;
}

const ABORTED: CommandResult = { ok: false, refusal: { code: 'batch-aborted' } };

/** Whether what the turn would execute is undone because something of it is refused. */
export const isAborted = ({ results }: Pick<Turn, 'results'>, { atomic }: Joint): boolean =>
  atomic === true && results.some(({ ok }) => !ok);

/**
 * What is left of a turn that was decided on `before`. When an atomic one has a refusal, what
 * it would have executed is aborted; what had been executed earlier stays true.
 */
export function jointTurn(before: Account, turn: Turn, joint: Joint): Turn {
  const { dryRun } = joint;
  const failed = isAborted(turn, joint);
  if (!failed && dryRun !== true) return turn;
  if (!failed) return { results: turn.results, events: [], account: before };
  const undone = new Set(turn.events.map(({ commandId }) => commandId));
  const results = turn.results.map((result) =>
    result.ok && undone.has(result.events[0]?.commandId ?? '') ? ABORTED : result,
  );
  return { results, events: [], account: before };
}
