import { z } from 'zod';
import { balanceSchema } from '../../contracts/account/money.ts';
import type { Sidecar } from '../../platform/dapr.ts';
import type { ReadSide } from './read-side.ts';

const QUERY_APP = 'queries-bank-api';
const account = z.object({ version: z.int().min(1), balance: balanceSchema });

/**
 * The read side through the query API, by the sidecars: it is what customers see, and the log's
 * service needs no password of the read side's database for it.
 */
export function daprReadSide(dapr: Sidecar): ReadSide {
  return {
    async account(accountId) {
      const path = `v1/accounts/${accountId}`;
      const { status, body } = await dapr.invokeService(QUERY_APP, 'GET', path);
      if (status === 404) return undefined;
      if (status !== 200) throw new Error(`the query API answered ${status}`);
      return account.parse(body);
    },
  };
}
