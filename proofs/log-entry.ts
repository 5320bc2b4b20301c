/** How an event stands in the log. Whoever proves one has to make up the same bytes again. */
const VERSION_DIGITS = 16;
const TRANSACTION_ENTRIES = 65_536;

export const eventKey = (stream: string, version: number): string =>
  `${stream}/${String(version).padStart(VERSION_DIGITS, '0')}`;

/** The place in its transaction, and the canonical JSON of the event. */
export const encodeEvent = (index: number, json: string): Buffer =>
  Buffer.from(`{"index":${index},"event":${json}}`);

export const positionOf = (transaction: number, index: number): number =>
  transaction * TRANSACTION_ENTRIES + index;
