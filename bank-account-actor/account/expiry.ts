import { accountOfStream } from '../../contracts/account/events.ts';
import { approvalOfStream } from '../../contracts/approval/events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { repeat } from '../../platform/repeat.ts';
import type { Journal } from '../journal/journal.ts';
import { endedInTime } from '../approval/proposal.ts';
import { isAccountState, isApprovalState } from '../turn/stream-state.ts';
import type { Turns } from '../turn/turns.ts';
import { decideAccounts } from './account-decider.ts';
import { DUE_AT_ONCE_MAX, dueWork } from './account-work.ts';

const LOOK_EVERY_MS = 500;
/** A host that claimed a stream and died leaves it to the others after this time. */
const LEASE_MS = 3_000;
const STREAMS_PER_LOOK_MAX = 256;
const NO_DEADLINE = Number.MAX_SAFE_INTEGER;

/** What the expiry needs of its host. */
export interface ExpiryPorts {
  readonly journal: Pick<Journal, 'claimDue'>;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Ends holds, pending transfers and approvals whose time is up, on whatever host they were made,
 * because no client may come back for them. `look` does it once; `start` and `stop` repeat it.
 */
export function createExpiry({ journal, turns, clock, logger }: ExpiryPorts) {
  let ended = 0;
  const end = async (stream: StreamId): Promise<void> => {
    const results = await turns.execute({
      streams: [stream],
      commands: 1,
      size: 1_024,
      deadlineMs: NO_DEADLINE,
      decide(draft, now) {
        const current = draft.read(stream);
        if (current === undefined) return undefined;
        if (current === 'unreadable' || current.state === undefined) return [];
        if (isApprovalState(current.state)) {
          endedInTime(draft, approvalOfStream(stream), current.state, now);
          return [];
        }
        if (!isAccountState(current.state)) return [];
        const works = dueWork(current.state, accountOfStream(stream), now);
        return decideAccounts(draft, works, { atomic: false, dryRun: false }, now);
      },
    });
    for (const result of results) {
      if (result.ok) ended += 1;
      else logger.warn('what is due must wait', { stream, refusal: result.refusal.code });
    }
    // A stream with more would wait for the end of its lease.
    if (results.length === DUE_AT_ONCE_MAX && results.every(({ ok }) => ok)) await end(stream);
  };
  const look = async (): Promise<void> => {
    const due = await journal.claimDue(clock.wall(), LEASE_MS, STREAMS_PER_LOOK_MAX);
    await Promise.all(due.map(end));
  };
  const looking = repeat(
    look,
    LOOK_EVERY_MS,
    (error) => logger.warn('what is due cannot be looked up', { error }),
    clock,
  );
  return {
    start: looking.start,
    stop: looking.stop,
    look,
    counts: () => ({ endedWithoutClient: ended }),
  };
}
