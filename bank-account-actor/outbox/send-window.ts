import type { Clock } from '../../platform/clock.ts';

/** The next message waits so long for the log to confirm the one before. */
const CONFIRMED_WITHIN_MS = 150;
const WINDOW_EVENTS = 1_500;
/** More would wait at the broker, which brings again what is not taken from it in time. */
const WINDOW_MESSAGES = 4;
/**
 * What was sent longer ago, or twice as long ago as the log took lately, is not counted: a stream
 * that the log does not take stops no other.
 */
const WINDOW_MS = 1_500;
/** However slow the log is, after this time an event may be lost. */
export const PATIENCE_MS_MAX = 6_000;
/** What was sent longer ago tells nothing of how long the log takes. */
const MEASURED_MS_MAX = 30_000;

interface Sent {
  readonly isConfirmed: boolean;
}

/**
 * When the next message may leave: once the log has confirmed the one before, or after a while, and
 * only so many are under way at a time. So messages become fewer and larger under load, and wait
 * here and not at the broker, where a slow log would look like a loss. The log takes messages in
 * their order, so a confirmed event tells that all before it were taken. How long that took is
 * measured, as TCP does (RFC 6298), because what is sent again makes a slow log slower still. What
 * was sent twice tells nothing of it (Karn's algorithm).
 */
export function createSendWindow(clock: Clock) {
  let messages: { readonly batch: readonly Sent[]; readonly at: number }[] = [];
  let tookMs = 0;

  const patienceMs = (): number => Math.min(2 * tookMs, PATIENCE_MS_MAX);
  const underWay = () => {
    const now = clock.steady();
    messages = messages.filter(({ at }) => at > now - MEASURED_MS_MAX);
    return messages.filter(({ at }) => at > now - Math.max(WINDOW_MS, patienceMs()));
  };

  return {
    /** A message left, which has these events for the first time. */
    sent: (batch: readonly Sent[]): void => void messages.push({ batch, at: clock.steady() }),
    /** To be called when events were confirmed. */
    confirmed(): void {
      const taken = messages.findLastIndex(({ batch }) => batch.some((one) => one.isConfirmed));
      if (taken < 0) return;
      tookMs = clock.steady() - messages[taken]!.at;
      messages = messages.slice(taken + 1);
    },
    isClosed(): boolean {
      const open = underWay();
      const last = open.at(-1);
      if (last === undefined) return false;
      const events = open.reduce((sum, { batch }) => sum + batch.length, 0);
      const isSoon = clock.steady() - last.at <= CONFIRMED_WITHIN_MS;
      return isSoon || open.length >= WINDOW_MESSAGES || events >= WINDOW_EVENTS;
    },
    /** How long the log took lately from the sending of an event to its confirmation. */
    tookMs: (): number => tookMs,
    /** An event that the log lacks is not taken for lost before so long. */
    patienceMs,
  };
}
