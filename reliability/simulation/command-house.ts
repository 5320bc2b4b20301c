import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { testHost, testLog } from '../../bank-account-actor/actor-fixtures.ts';
import { memoryJournal } from '../../bank-account-actor/memory-journal.ts';
import { silent } from '../../bank-account-actor/actor-fixtures.ts';
import { commandApi } from '../../core-bank-api/app.ts';
import { streamOfPerson } from '../../contracts/bank-events.ts';
import type { PersonResult } from '../../contracts/person-commands.ts';
import { streamOf } from '../../contracts/events.ts';
import { listen } from '../../platform/http.ts';

/** The command API on actors, a journal and a log in memory: the rules without the processes. */
export async function commandHouse() {
  const journal = memoryJournal();
  const log = testLog();
  const { accounts, lookup, persons } = testHost(journal, log);
  let lookupsFail = false;
  const app = commandApi({
    actors: {
      execute: (id, commands, joint) => accounts.execute(streamOf(id), commands, joint),
      lookup: async (id, commandId) =>
        lookupsFail ? 'unavailable' : (await lookup(streamOf(id), [commandId]))[0],
    },
    executePerson: async (id, command) =>
      (await persons.execute(streamOfPerson(id), [command]))[0] as PersonResult,
    checks: {},
    logger: silent,
  });
  const server: http.Server = await listen(app, 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    log,
    /** From now on nobody can tell what an account executed, or again everybody can. */
    failLookups: (fail: boolean) => void (lookupsFail = fail),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
