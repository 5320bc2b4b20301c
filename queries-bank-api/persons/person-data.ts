import { EVENT_SOURCE_APP, streamPage } from '../../contracts/log/entries.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import { ACTOR_HOST_APP, OPEN_PERSONS_PATH } from '../../contracts/person/queries.ts';
import { openPersonsAnswer, type OpenedPerson } from '../../contracts/person/queries.ts';
import type { PersonId } from '../../domain/ids.ts';
import { SidecarError, type Sidecar } from '../../platform/dapr.ts';
import { Unavailable } from '../read-models/read-models.ts';

/** What of a person only others know; both reject with Unavailable while those are away. */
export interface PersonData {
  /** The personal data of each in clear, null where it was erased. */
  open(persons: readonly PersonModel[]): Promise<OpenedPerson[]>;
  /** The version in the log, 0 for nobody. */
  loggedVersion(id: PersonId): Promise<number>;
}

/** Asks the actor host, which alone has the keys, and the log. */
export function personData(dapr: Sidecar): PersonData {
  const called = async (...call: Parameters<Sidecar['invokeService']>): Promise<unknown> => {
    try {
      const { status, body } = await dapr.invokeService(...call);
      if (status === 200) return body;
      throw new Unavailable(`${call[0]} answered ${status}`);
    } catch (error) {
      if (error instanceof SidecarError) throw new Unavailable(error.message);
      throw error;
    }
  };
  return {
    async open(persons) {
      if (persons.length === 0) return [];
      const answer = await called(ACTOR_HOST_APP, 'POST', OPEN_PERSONS_PATH, { persons });
      const opened = openPersonsAnswer.parse(answer).persons;
      if (opened.length === persons.length) return opened;
      throw new Unavailable('the answer is not about the persons asked for');
    },
    async loggedVersion(id) {
      const path = `log/streams/person/${id}/events?limit=1`;
      return streamPage.parse(await called(EVENT_SOURCE_APP, 'GET', path)).headVersion;
    },
  };
}
