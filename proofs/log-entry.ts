import { TRANSACTION_POSITIONS } from '../contracts/log/topics.ts';

/** How an event stands in the log. Whoever proves one has to make up the same bytes again. */
const VERSION_DIGITS = 16;

export const eventKey = (stream: string, version: number): string =>
  `${stream}/${String(version).padStart(VERSION_DIGITS, '0')}`;

/** The place in its transaction, and the canonical JSON of the event. */
export const encodeEvent = (index: number, json: string): Buffer =>
  Buffer.from(`{"index":${index},"event":${json}}`);

export const positionOf = (transaction: number, index: number): number =>
  transaction * TRANSACTION_POSITIONS + index;

/** The transaction that holds a position. */
export const transactionOf = (position: number): number =>
  Math.floor(position / TRANSACTION_POSITIONS);
