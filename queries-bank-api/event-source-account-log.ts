import { EVENT_SOURCE_APP, accountPage } from '../contracts/log.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';
import type { AccountLog } from './account-log.ts';
import { Unavailable } from './read-models.ts';

/** The log of an account from event-source, through the sidecars. */
export function eventSourceAccountLog(dapr: Sidecar): AccountLog {
  return {
    async events(accountId, fromVersion, limit) {
      const path = `log/streams/acct/${accountId}/events?fromVersion=${fromVersion}&limit=${limit}`;
      const { status, body } = await called(dapr, path);
      if (status !== 200) throw new Unavailable(`event-source answered ${status}`);
      return accountPage.parse(body);
    },
  };
}

async function called(dapr: Sidecar, path: string): Promise<{ status: number; body: unknown }> {
  try {
    return await dapr.invokeService(EVENT_SOURCE_APP, 'GET', path);
  } catch (error) {
    if (error instanceof SidecarError) throw new Unavailable(error.message);
    throw error;
  }
}
