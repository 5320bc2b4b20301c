import {
  commandsAnswer,
  EVENT_SOURCE_APP,
  HEADS_MAX,
  headsAnswer,
  streamPage,
} from '../contracts/log.ts';
import { LOOKUP_COMMANDS_MAX } from '../contracts/log.ts';
import type { BankEvent } from '../contracts/bank-events.ts';
import type { StreamId } from '../domain/ids.ts';
import { batcher } from '../platform/batcher.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';

/** What the actor asks the immutable log. Every call throws while the log is away. */
export interface LogClient {
  /** The version that the log has of the stream, 0 for none. */
  head(stream: StreamId): Promise<number>;
  /** The events of a command, or the one that settled what has this name, if the log has them. */
  once(stream: StreamId, name: string): Promise<BankEvent[] | undefined>;
  event(stream: StreamId, version: number): Promise<BankEvent | undefined>;
}

interface Lookup {
  readonly stream: StreamId;
  readonly commandId: string;
}

const LOOKUPS_WAITING_MAX = 20_000;

/** Asks event-source through Dapr; questions that come together travel together. */
export function logClient(sidecar: Sidecar): LogClient {
  const call = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> => {
    const answer = await sidecar.invokeService(EVENT_SOURCE_APP, method, path, body);
    if (answer.status === 200) return answer.body;
    throw new SidecarError(`${path} answered ${answer.status}`, answer.status);
  };
  const limits = { inFlightMax: 2, waitingMax: LOOKUPS_WAITING_MAX };
  const head = batcher<StreamId, number>({ ...limits, itemsMax: HEADS_MAX }, async (ids) => {
    return headsAnswer.parse(await call('POST', 'log/heads', { streams: ids })).versions;
  });
  const command = batcher<Lookup, BankEvent[] | undefined>(
    { ...limits, itemsMax: LOOKUP_COMMANDS_MAX },
    async (commands) => {
      const { found } = commandsAnswer.parse(await call('POST', 'log/commands', { commands }));
      return found.map((entries) => entries?.map(({ event }) => event));
    },
  );
  return {
    head,
    once: (stream, commandId) => command({ stream, commandId }),
    async event(stream, version) {
      const path = `log/streams/${stream}/events?fromVersion=${version}&limit=1`;
      const { entries } = streamPage.parse(await call('GET', path));
      return entries.find(({ event }) => event.version === version)?.event;
    },
  };
}
