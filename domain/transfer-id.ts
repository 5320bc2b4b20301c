import { accountIdOfSerial, serialOf } from './account-number.ts';
import { transferId, type AccountId, type TransferId } from './ids.ts';

const FILL_BITS = 62n;
const FILL_MASK = (1n << FILL_BITS) - 1n;

/**
 * The id of a transfer: a UUID of version 8 that holds the serial of its source account and 62
 * bits of its own, so that whoever has the id finds the account that keeps the transfer.
 */
export function transferIdOf(source: AccountId, fill: bigint): TransferId {
  const value = (BigInt(`0x${source.replaceAll('-', '')}`) & ~FILL_MASK) | (fill & FILL_MASK);
  const hex = value.toString(16).padStart(32, '0');
  const parts = [[0, 8], [8, 12], [12, 16], [16, 20], [20]] as const;
  return transferId(parts.map(([from, to]) => hex.slice(from, to)).join('-'));
}

/** The source account of a transfer, or undefined for an id that the bank never gave out. */
export function sourceOf(id: TransferId): AccountId | undefined {
  const serial = serialOf(id);
  return serial === undefined ? undefined : accountIdOfSerial(serial);
}
