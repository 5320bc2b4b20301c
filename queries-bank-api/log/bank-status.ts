import { readFileSync } from 'node:fs';
import type { Request } from 'express';
import { z } from 'zod';
import { noQuery } from '../../contracts/http/parameters.ts';
import type { AuditStatus } from '../../contracts/log/audit.ts';
import {
  HOST_BACKLOG,
  type BankStatus,
  type HostBacklog,
  type PartName,
} from '../../contracts/log/bank-status.ts';
import { TRANSACTION_POSITIONS } from '../../contracts/log/topics.ts';
import { queryOf } from '../../platform/http/requests.ts';
import type { ServiceInvoker } from '../../platform/service-client.ts';
import type { AccountView } from '../accounts/account-view.ts';
import { askServices } from '../other-services.ts';
import type { Audit } from './audit-answers.ts';

/** What the status of the bank is made of. */
export interface BankStatusPorts {
  readonly audit: Pick<Audit, 'status'>;
  /** What waits at an actor host; rejects while none answers. */
  readonly backlog: () => Promise<HostBacklog>;
  readonly accounts: Pick<AccountView, 'reached'>;
  /** Of the bank's software. */
  readonly version: string;
  readonly now?: () => Date;
}

/** Asks one of the actor hosts. */
export const hostBacklog = (dapr: ServiceInvoker): (() => Promise<HostBacklog>) => {
  const ask = askServices(dapr);
  return () => ask(HOST_BACKLOG, {});
};

/** The version of the software, which is the root package's. */
export const bankVersion = (): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync('package.json', 'utf8'))).version;

type Asked<Value> = { readonly value: Value } | { readonly reason: string };

const asked = async <Value>(ask: () => Promise<Value>): Promise<Asked<Value>> => {
  try {
    return { value: await ask() };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
};
const valueOf = <Value>(one: Asked<Value>): Value | undefined =>
  'value' in one ? one.value : undefined;
const partOf = (name: PartName, one: Asked<unknown>): BankStatus['parts'][number] =>
  'reason' in one ? { name, status: 'down', reason: one.reason } : { name, status: 'up' };

const transactionOf = (position: number): number => Math.floor(position / TRANSACTION_POSITIONS);
const lagOf = (position: number | undefined, log: AuditStatus | undefined) =>
  position === undefined || log === undefined
    ? null
    : {
        position,
        // The log may have gone on between the two questions.
        transactionsBehind: Math.max(0, transactionOf(log.head) - transactionOf(position)),
      };

/** GET /v1/status: a part that does not answer is down, and the answer has all the others. */
export function readBankStatus(ports: BankStatusPorts) {
  const { audit, backlog, accounts, version, now = () => new Date() } = ports;
  return async (request: Request): Promise<BankStatus> => {
    queryOf(noQuery, request);
    const [hosts, reached, log] = await Promise.all([
      asked(backlog),
      asked(() => accounts.reached()),
      asked(() => audit.status()),
    ]);
    const audited = valueOf(log);
    const parts = [partOf('actor-hosts', hosts), partOf('log', log), partOf('read-side', reached)];
    const isAlarmed =
      audited !== undefined && (audited.alarms > 0 || audited.verdict === 'violated');
    const isWhole = parts.every(({ status }) => status === 'up');
    return {
      status: isAlarmed ? 'attention' : isWhole ? 'ok' : 'degraded',
      version,
      at: now().toISOString(),
      parts,
      lag: {
        audit: lagOf(audited?.position, audited),
        balances: lagOf(valueOf(reached), audited),
      },
      backlog: valueOf(hosts) ?? null,
      audit: audited === undefined ? null : verdictOf(audited),
    };
  };
}

const verdictOf = ({ verdict, says, phase, at, alarms }: AuditStatus) => ({
  verdict,
  says,
  phase,
  at,
  alarms,
});
