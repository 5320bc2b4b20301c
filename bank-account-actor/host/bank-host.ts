import { TWO_EYES, type FourEyes } from '../../domain/four-eyes.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Signer } from '../../platform/signatures.ts';
import { commandLookup } from '../account/command-lookup.ts';
import { createExpiry } from '../account/expiry.ts';
import type { Journal } from '../journal/journal.ts';
import { createRelay, type LogDigests } from '../outbox/relay.ts';
import type { LogReader } from '../turn/facts.ts';
import { createHeldStreams } from '../turn/held-streams.ts';
import { createTurns } from '../turn/turns.ts';
import { approvalActors } from './approval-actors.ts';
import { accountActors, personActors } from './bank-actors.ts';

/** What an actor host needs. */
export interface BankHostPorts {
  readonly journal: Journal;
  readonly log: LogReader & LogDigests;
  /** Signs the events that this host decides. */
  readonly signer: Signer;
  /** Resolves once the broker has stored the message, JSON of `accountEventsMessage`. */
  readonly publish: (message: string) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this host's teller among the running hosts. */
  readonly host: string;
  /** What a second person has to approve; nothing when missing. */
  readonly fourEyes?: FourEyes;
}

export type BankHost = ReturnType<typeof createBankHost>;

/** One actor host without its technology: turns, relay and expiry on one journal and one log. */
export function createBankHost(ports: BankHostPorts) {
  const { journal, log, clock, logger, host, fourEyes = TWO_EYES } = ports;
  const held = createHeldStreams();
  const relay = createRelay({ ...ports, held });
  const turns = createTurns({ journal, log, held, relay, clock, logger });
  const expiry = createExpiry({ journal, turns, clock, logger });
  const lookup = commandLookup(journal, log);
  const { accounts, teller, active } = accountActors({ turns, lookup, host, fourEyes });
  return {
    accounts,
    teller,
    persons: personActors({ turns, fourEyes }),
    approvals: approvalActors({ turns, journal }),
    start(): void {
      relay.start();
      expiry.start();
    },
    stop(): void {
      expiry.stop();
      relay.stop();
    },
    /** Ends what is due; for tests that do not wait for the clock. */
    expire: expiry.look,
    counts: () => ({
      ...relay.counts(),
      ...expiry.counts(),
      waitingCommands: turns.waiting(),
      activeAccounts: active(),
      heldStreams: held.count(),
    }),
  };
}
