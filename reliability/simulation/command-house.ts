import { openGate } from '../../platform/http/gate-for-tests.ts';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  OWNER,
  silent,
  testHost,
  testLog,
  type TestLog,
} from '../../bank-account-actor/host/bank-host-for-tests.ts';
import type { Journal } from '../../bank-account-actor/journal/journal.ts';
import { memoryJournal } from '../../bank-account-actor/journal/memory-journal.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { commandApi } from '../../core-bank-api/app.ts';
import { approvalClient } from '../../core-bank-api/approvals.ts';
import { TWO_EYES } from '../../domain/four-eyes.ts';
import { systemClock } from '../../platform/clock.ts';
import type { RecordAccess } from '../../platform/access-reports.ts';
import { listen } from '../../platform/http/http.ts';

/** The command API on an actor host, a journal and a log in memory: the rules without processes. */
export async function commandHouse(
  gate = openGate,
  record: RecordAccess = () => undefined,
  fourEyes = TWO_EYES,
) {
  let aheadMs = 0;
  const clock = { ...systemClock, wall: () => Date.now() + aheadMs };
  const log = testLog();
  const host = await testHost(loggingJournal(log), log, { clock, fourEyes });
  const { execute, executePerson, lookup } = host;
  const approvals = approvalClient(
    async (_type, id, method, json) =>
      host.approvals.methods.get(method)!(id, { value: JSON.parse(json), size: json.length }),
    clock,
  );
  let lookupsFail = false;
  const app = commandApi({
    gate,
    record,
    docs: 'try',
    actors: {
      execute: ({ commands, ...joint }) => execute(commands, joint),
      lookup: async (id, names, owner) => (lookupsFail ? 'unavailable' : lookup(id, names, owner)),
    },
    executePerson,
    approvals,
    checks: {},
    logger: silent,
  });
  const server: http.Server = await listen(app, 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    log,
    /** A person whom the bank knows. */
    ownerId: OWNER,
    /** Lets so much time go by, and ends what is due then. */
    async pass(ms: number): Promise<void> {
      aheadMs += ms;
      await host.expire();
    },
    /** From now on nobody can tell what an account executed, or again everybody can. */
    failLookups: (fail: boolean) => void (lookupsFail = fail),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** A journal in memory whose events are in the log at once, so that no test waits for a relay. */
function loggingJournal(log: TestLog): Journal {
  const journal = memoryJournal();
  const commit: Journal['commit'] = async (turn) => {
    const outcome = await journal.commit(turn);
    if (outcome.outcome !== 'committed') return outcome;
    for (const { expected, version, unlogged } of turn.writes) {
      const added = unlogged.slice(unlogged.length - (version - expected));
      for (const json of added) log.take(JSON.parse(json) as BankEvent);
    }
    return outcome;
  };
  return { ...journal, commit };
}
