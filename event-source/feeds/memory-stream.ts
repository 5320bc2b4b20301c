import type { IntegrationEvent } from '../../contracts/log/integration-events.ts';
import type { EventStream } from './event-stream.ts';

/** The public stream in memory, for tests: the same rules, and the means to hurt it. */
export function memoryStream() {
  let messages: IntegrationEvent[] = [];
  let sequence = 0;
  const stored: IntegrationEvent[] = [];
  const stream: EventStream = {
    end: async () => {
      const last = messages.at(-1);
      if (last === undefined) return { sequence };
      return { sequence, last: { id: last.id, position: last.data.position } };
    },
    async append(after, events) {
      const before = sequence;
      events.forEach((event, at) => {
        if (after + at !== sequence) return;
        messages.push(event);
        stored.push(event);
        sequence += 1;
      });
      const lastIsStored = sequence > before && sequence === after + events.length;
      if (!lastIsStored) throw new Error(`the stream ends at ${sequence}`);
    },
    close: async () => {},
  };
  return {
    ...stream,
    /** Everything that was ever stored, as a consumer that was always there saw it. */
    stored: (): readonly IntegrationEvent[] => stored,
    /** What a power loss takes: the newest messages, as if they had never been stored. */
    loseEnd(count: number): void {
      const lost = Math.min(count, messages.length);
      messages = messages.slice(0, messages.length - lost);
      sequence -= lost;
    },
    /** What retention takes: the messages, but not how many there were. */
    expire: (): void => void (messages = []),
  };
}
