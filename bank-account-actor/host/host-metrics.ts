import type { Metrics } from '../../platform/http/metrics.ts';
import type { Journal } from '../journal/journal.ts';
import type { BankHost } from './bank-host.ts';

/** What is watched of an actor host besides its journal. */
export function hostMetrics({ gauge }: Metrics, { counts }: Pick<BankHost, 'counts'>): void {
  const help = 'How long the log took lately, from the sending of an event to its confirmation.';
  gauge('confirmation_seconds', help, () => counts().confirmationMs / 1_000);
  gauge('waiting_commands', 'Commands that no turn has taken yet.', () => counts().waitingCommands);
  gauge(
    'unconfirmed_events',
    'Committed events that the log has not confirmed.',
    () => counts().unconfirmedEvents,
  );
  gauge('unconfirmed_streams', 'Of how many streams these are.', () => counts().unconfirmedStreams);
  gauge('active_accounts', 'Accounts that are active on this host.', () => counts().activeAccounts);
}

/**
 * A journal whose commits are measured: one is a turn. Outcomes: committed, overtaken (another host
 * was first), known (a command that was executed before), failed (the outcome is unknown).
 */
export function measuredJournal(journal: Journal, metrics: Metrics): Journal {
  const help = 'How long the journal took to commit turns, by outcome.';
  const observe = metrics.seconds('commit_seconds', help, ['outcome']);
  return {
    ...journal,
    async commit(turn) {
      const began = performance.now();
      let outcome = 'failed';
      try {
        const done = await journal.commit(turn);
        outcome = done.outcome;
        return done;
      } finally {
        observe({ outcome }, (performance.now() - began) / 1_000);
      }
    },
  };
}
