import { accountIdOfSerial, serialOf } from './account-number.ts';
import { transferId, type AccountId, type TransactionId, type TransferId } from './ids.ts';

const FILL_MASK = (1n << 62n) - 1n;
/** Of the text of a UUID: the first 64 bits, and where the digit with bits 65 to 68 stands. */
const OWN_CHARACTERS = 19;
const OWN_BITS_OF_DIGIT = 0xc;
const HEX = 16;

/**
 * The id of a transfer: a UUID of version 8 (RFC 9562) that contains the serial of its source
 * account and 62 bits of its own. The id alone is enough to find the account that keeps the
 * transfer.
 * @param fill the bits of its own; only the lowest 62 are used.
 */
export function transferIdOf(source: AccountId, fill: bigint): TransferId {
  const digits = (fill & FILL_MASK).toString(HEX).padStart(HEX, '0');
  const own = parseInt(source.charAt(OWN_CHARACTERS), HEX) & OWN_BITS_OF_DIGIT;
  const first = (own | parseInt(digits.charAt(0), HEX)).toString(HEX);
  const [before, after] = [digits.slice(1, 4), digits.slice(4)];
  return transferId(`${source.slice(0, OWN_CHARACTERS)}${first}${before}-${after}`);
}

/** The id of a transaction, likewise: it contains the source account of its first transfer. */
export const transactionIdOf = (source: AccountId, fill: bigint): TransactionId =>
  transferIdOf(source, fill) as string as TransactionId;

/**
 * The source account of a transfer, or of the first one of a transaction; undefined for an id that
 * the bank never issued.
 */
export function sourceOf(id: TransferId | TransactionId): AccountId | undefined {
  const serial = serialOf(id);
  return serial === undefined ? undefined : accountIdOfSerial(serial);
}
