import type { Clock } from '../../platform/clock.ts';

/** The next message waits so long for the log to confirm the one before. */
const CONFIRMED_WITHIN_MS = 150;
const WINDOW_EVENTS = 1_500;
/** What was sent longer ago is not counted: a stream that the log does not take stops no other. */
const WINDOW_MS = 1_500;

interface Sent {
  readonly isConfirmed: boolean;
}

/**
 * When the next message may leave: once the log has confirmed the one before, or after a while, and
 * only so many events are on their way at a time. So messages become fewer and larger under load,
 * and wait here and not at the broker, where the log being behind would look like a loss.
 */
export function sendWindow(clock: Clock) {
  let messages: { readonly batch: readonly Sent[]; readonly at: number }[] = [];

  const isLastUnderWay = (): boolean => {
    const last = messages.at(-1);
    if (last === undefined || clock.steady() - last.at > CONFIRMED_WITHIN_MS) return false;
    return last.batch.some(({ isConfirmed }) => !isConfirmed);
  };
  const isFull = (): boolean => {
    const since = clock.steady() - WINDOW_MS;
    messages = messages.filter(({ at }) => at > since);
    let open = 0;
    for (const { batch } of messages) for (const one of batch) if (!one.isConfirmed) open += 1;
    return open >= WINDOW_EVENTS;
  };

  return {
    sent: (batch: readonly Sent[]): void => void messages.push({ batch, at: clock.steady() }),
    isClosed: (): boolean => isLastUnderWay() || isFull(),
  };
}
