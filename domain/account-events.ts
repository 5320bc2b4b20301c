import type { Currency } from './currency.ts';
import type { AccountId, HoldId, OwnerId, TransferId, Version } from './ids.ts';
import { minor, ZERO, type Minor } from './money.ts';

export type Metadata = Readonly<Record<string, string>>;

/** What a person may write beside a movement of money. */
export interface Remarks {
  readonly description?: string;
  readonly reference?: string;
  readonly metadata?: Metadata;
}

interface Happened<Type extends string> {
  readonly type: Type;
  /** The actor's clock, RFC 3339 UTC. */
  readonly at: string;
}

interface Reasoned {
  readonly reason?: string;
}

/** Most that may leave the account; what is missing is not limited. */
export interface Limits {
  readonly perWithdrawal?: Minor;
  /** Per day of UTC, counted over withdrawals, holds and transfers. */
  readonly perDay?: Minor;
}

export interface Details {
  readonly name?: string;
  readonly metadata?: Metadata;
}

/** One leg of a transfer; the other account is the target in the source's stream. */
interface TransferLeg {
  readonly transferId: TransferId;
  readonly otherAccountId: AccountId;
  readonly amount: Minor;
  /** The transfer that this one takes back, which went the other way. */
  readonly reversesTransferId?: TransferId;
}

/** Why a transfer ended without a movement of money. */
export const TRANSFER_REASONS = [
  'account-not-found',
  'account-frozen',
  'account-closed',
  'currency-mismatch',
] as const;
export type TransferReason = (typeof TRANSFER_REASONS)[number];

type Opened = Happened<'account-opened'> &
  Details & {
    readonly ownerId: OwnerId;
    readonly currency: Currency;
    readonly overdraftLimit: Minor;
    /** Refused commands are recorded; missing: they are not. */
    readonly recordRefusals?: true;
  };
type HoldPlaced = Happened<'hold-placed'> & {
  readonly holdId: HoldId;
  readonly amount: Minor;
  readonly description?: string;
  readonly expiresAt?: string;
};
type HoldCaptured = Happened<'hold-captured'> & {
  readonly holdId: HoldId;
  readonly amount: Minor;
  /** What was held beyond the captured amount, and is available again. */
  readonly released: Minor;
  readonly description?: string;
};
type MovementReversed = Happened<'movement-reversed'> &
  Reasoned & {
    readonly reverses: Version;
    readonly direction: 'credit' | 'debit';
    readonly amount: Minor;
  };

export type AccountEvent =
  | Opened
  | (Happened<'account-frozen'> & Reasoned)
  | (Happened<'account-unfrozen'> & Reasoned)
  | (Happened<'account-closed'> & Reasoned)
  | (Happened<'overdraft-limit-set'> & { readonly overdraftLimit: Minor })
  | (Happened<'limits-set'> & Limits)
  | (Happened<'details-set'> & Details)
  | (Happened<'refusal-recording-set'> & { readonly recordRefusals: boolean })
  | (Happened<'money-deposited'> & { readonly amount: Minor } & Remarks)
  | (Happened<'money-withdrawn'> & { readonly amount: Minor } & Remarks)
  | MovementReversed
  | HoldPlaced
  | HoldCaptured
  | (Happened<'hold-voided'> & { readonly holdId: HoldId; readonly amount: Minor })
  | (Happened<'hold-expired'> & { readonly holdId: HoldId; readonly amount: Minor })
  /** Source: the amount is held until the target has it or has declined it. */
  | (Happened<'transfer-reserved'> & TransferLeg & Remarks)
  | (Happened<'transfer-sent'> & TransferLeg & Remarks)
  | (Happened<'transfer-released'> & TransferLeg & { readonly reason: TransferReason })
  /** Target: either of the two, once for each transfer. */
  | (Happened<'transfer-received'> & TransferLeg & Remarks)
  | (Happened<'transfer-declined'> & TransferLeg & { readonly reason: TransferReason });

export type EventOf<Type extends AccountEvent['type']> = Extract<AccountEvent, { type: Type }>;

/**
 * What an event adds to the ledger of its own account, below zero for what it takes. It needs
 * nothing of the account, so that sums over many accounts can go on from any point of the log.
 */
export function ledgerChange(event: AccountEvent): Minor {
  switch (event.type) {
    case 'money-deposited':
    case 'transfer-received':
      return event.amount;
    case 'money-withdrawn':
    case 'hold-captured':
    case 'transfer-sent':
      return minor(-event.amount);
    case 'movement-reversed':
      return event.direction === 'credit' ? event.amount : minor(-event.amount);
    default:
      return ZERO;
  }
}

/**
 * What an event settles for ever, beside the command that made it: it may stand in the stream
 * once. The log keeps the names, so that it is known of any hold or movement, however old.
 */
export function settledBy(event: AccountEvent): string | undefined {
  switch (event.type) {
    case 'hold-captured':
    case 'hold-voided':
    case 'hold-expired':
      return holdName(event.holdId);
    case 'movement-reversed':
      return reversalName(event.reverses);
    case 'transfer-sent':
    case 'transfer-released':
      return transferEndName(event.transferId);
    case 'transfer-reserved': {
      const { reversesTransferId } = event;
      return reversesTransferId && transferReversalName(reversesTransferId);
    }
    default:
      return undefined;
  }
}
export const holdName = (id: HoldId): string => `hold ${id}`;
export const reversalName = (version: Version): string => `reversal ${version}`;
export const transferEndName = (id: TransferId): string => `transfer-end ${id}`;
export const transferReversalName = (id: TransferId): string => `transfer-reversal ${id}`;

/** Only what a person wrote beside the movement. */
export function remarksOf({ description, reference, metadata }: Remarks): Remarks {
  return {
    ...(description === undefined ? {} : { description }),
    ...(reference === undefined ? {} : { reference }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}
