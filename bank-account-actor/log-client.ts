import { commandsAnswer, EVENT_SOURCE_APP, HEADS_MAX, headsAnswer } from '../contracts/log.ts';
import { LOOKUP_COMMANDS_MAX } from '../contracts/log.ts';
import type { BankEvent } from '../contracts/bank-events.ts';
import type { CommandId, StreamId } from '../domain/ids.ts';
import { batcher } from '../platform/batcher.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';

/** What the actor asks the immutable log. Every call throws while the log is away. */
export interface LogClient {
  /** The version that the log has of the stream, 0 for none. */
  head(stream: StreamId): Promise<number>;
  /** The events of a command that was executed at any time before and confirmed. */
  command(stream: StreamId, commandId: CommandId): Promise<BankEvent[] | undefined>;
}

interface Lookup {
  readonly stream: StreamId;
  readonly commandId: CommandId;
}

const LOOKUPS_WAITING_MAX = 20_000;

/** Asks event-source through Dapr; questions that come together travel together. */
export function logClient(sidecar: Sidecar): LogClient {
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await sidecar.invokeService(EVENT_SOURCE_APP, 'POST', path, body);
    if (answer.status === 200) return answer.body;
    throw new SidecarError(`${path} answered ${answer.status}`, answer.status);
  };
  const limits = { inFlightMax: 2, waitingMax: LOOKUPS_WAITING_MAX };
  const head = batcher<StreamId, number>({ ...limits, itemsMax: HEADS_MAX }, async (ids) => {
    return headsAnswer.parse(await post('log/heads', { streams: ids })).versions;
  });
  const command = batcher<Lookup, BankEvent[] | undefined>(
    { ...limits, itemsMax: LOOKUP_COMMANDS_MAX },
    async (commands) => {
      const { found } = commandsAnswer.parse(await post('log/commands', { commands }));
      return found.map((entries) => entries?.map(({ event }) => event));
    },
  );
  return { head, command: (stream, commandId) => command({ stream, commandId }) };
}
