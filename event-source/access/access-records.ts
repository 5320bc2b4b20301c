import type { Express, Request } from 'express';
import {
  ACCESS_CALLS,
  type AccessFilters,
  type AccessReport,
  type FoundAccess,
} from '../../contracts/access/access-records.ts';
import { CALLER, mayCall, type SidecarRights } from '../../contracts/access/service-calls.ts';
import type { AuditMessage } from '../../contracts/log/audit.ts';
import { alarm as pauses } from '../../platform/alarm.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { Failure } from '../../platform/http/http.ts';
import type { Logger } from '../../platform/logger.ts';
import { pacedQueue } from '../../platform/paced-queue.ts';
import type { Alarms } from '../alarms.ts';
import { serveCall } from '../log/routes.ts';
import { openRecordFile, type RecordFile, type RecordFileOptions } from './record-file.ts';

const SEAL_MS = 60_000;
const CHECK_MS = 86_400_000;
/** A check rests so many times as long as it works: the log comes first. */
const CHECK_REST = 9;
const SENDERS_MAX = 1_000;
/** Searches take no more than half of the time of this process. */
const SEARCH_PACE = { waitingMax: 16, rest: 1 };

export type AccessRecords = ReturnType<typeof createAccessRecords>;

export interface AccessRecordsParts {
  readonly file: Omit<RecordFileOptions, 'onFault'>;
  readonly alarms: Alarms;
  readonly feed: { readonly offer: (message: AuditMessage) => void };
  readonly logger: Logger;
}

/**
 * Keeps who was refused and who saw personal data, apart from the books. A folder that cannot be
 * used keeps the log from nothing: it is an alarm, and who reports keeps what it has.
 */
export function createAccessRecords({ file: options, alarms, feed, logger }: AccessRecordsParts) {
  const onFault = (detail: string): void => alarms.raise('access-records', 'records', detail);
  /** The last report of each process: it sends one again when it has not heard the answer. */
  const heard = boundedMap<string, number>(SENDERS_MAX);
  const paced = pacedQueue(SEARCH_PACE);
  const beat = pauses();
  let opening: Promise<RecordFile> | undefined;
  let isOver = false;

  const opened = async (): Promise<RecordFile> => {
    opening ??= openRecordFile({ ...options, onFault });
    try {
      return await opening;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  };
  const reached = async <Answer>(work: (file: RecordFile) => Promise<Answer>): Promise<Answer> => {
    try {
      return await work(await opened());
    } catch (error) {
      onFault(`The records of access cannot be used: ${String(error)}`);
      throw new Failure('service-unavailable', {}, { 'Retry-After': '1' }, { cause: error });
    }
  };
  const noteLost = (app: string, { observations }: AccessReport): void => {
    for (const { outcome, count, first, last } of observations) {
      if (outcome !== 'not-recorded') continue;
      const detail = `${app} did not record ${count} accesses between ${first} and ${last}.`;
      alarms.raise('access-records', app, detail);
    }
  };
  const sealing = async (): Promise<void> => {
    while (!isOver) {
      await beat.pause(SEAL_MS);
      const seal = await reached((file) => file.seal()).catch(() => undefined);
      if (seal !== undefined) feed.offer({ type: 'access', seal });
    }
  };
  const checking = pauses();
  const check = async (): Promise<void> => {
    const rest = (spentMs: number): Promise<void> => checking.pause(spentMs * CHECK_REST);
    while (!isOver) {
      await reached((file) => file.check(rest)).catch((error: unknown) =>
        logger.error('the records of access cannot be checked', { error }),
      );
      await checking.pause(CHECK_MS);
    }
  };
  void sealing();
  void check();

  return {
    /** Writes the observations of a report, once; durable when it resolves. */
    async take(app: string, report: AccessReport): Promise<void> {
      const { sender, number, observations } = report;
      if (number <= (heard.get(sender) ?? 0)) return;
      await reached((file) => file.append(observations.map((one) => ({ app, ...one }))));
      heard.set(sender, number);
      noteLost(app, report);
    },
    find: (filters: AccessFilters): Promise<FoundAccess> =>
      paced(() => reached((file) => file.find(filters))),
    end(): void {
      isOver = true;
      beat.end();
      checking.end();
    },
  };
}

function callerOf({ headers }: Request, call: SidecarRights['calls'][number]): string {
  const caller = headers[CALLER];
  if (mayCall(caller, call)) return String(caller);
  throw new Failure('forbidden', { detail: 'This app has no such call.' });
}

/** Serves the records to those who report, and to the query API. */
export function accessRoutes(
  app: Express,
  { take, find }: Pick<AccessRecords, 'take' | 'find'>,
): void {
  serveCall(app, ACCESS_CALLS.record, async (report, request) => {
    await take(callerOf(request, ACCESS_CALLS.record), report);
    return {};
  });
  serveCall(app, ACCESS_CALLS.find, (filters, request) => {
    callerOf(request, ACCESS_CALLS.find);
    return find(filters);
  });
}
