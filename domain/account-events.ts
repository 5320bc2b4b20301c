import type { Currency } from './currency.ts';
import type { AccountId, CommandName, HoldId, OwnerId, Version } from './ids.ts';
import type { TransactionId, TransferId } from './ids.ts';
import type { Minor } from './money.ts';

/** A client's own names and values; the bank does not interpret them. */
type Metadata = Readonly<Record<string, string>>;

/** How a client describes and labels something. */
export interface Labels {
  readonly description?: string;
  readonly reference?: string;
  readonly metadata?: Metadata;
}

/** What a client may write about a movement of money. */
export interface Remarks extends Labels {
  /** The day (YYYY-MM-DD) from which the money counts; missing: that of the booking. */
  readonly valueDate?: string;
}

/** Which way money goes, seen from the account. */
export type Direction = 'credit' | 'debit';

interface Happened<Type extends string> {
  readonly type: Type;
  /** The actor's clock, RFC 3339 UTC. */
  readonly at: string;
}

interface Reasoned {
  readonly reason?: string;
}

/** The most that may leave the account, in minor units; a missing member means no limit. */
export interface Limits {
  readonly perWithdrawal?: Minor;
  /** Per day of UTC, over withdrawals, holds and transfers. */
  readonly perDay?: Minor;
  /** A hold may be captured for more than it holds, as far as the rest is available. */
  readonly captureAboveHold?: true;
}

/** How the owner names and labels the account. */
export interface Details {
  readonly name?: string;
  readonly metadata?: Metadata;
}

/** One leg of a transfer; the other account is the target in the source's stream. */
interface TransferLeg {
  readonly transferId: TransferId;
  readonly otherAccountId: AccountId;
  readonly amount: Minor;
}
/** What the first transfer of a transaction tells of all of them. */
export interface TransactionTerms extends Labels {
  /** In their order. */
  readonly transferIds: readonly TransferId[];
}
/** Of a transfer that is not pending first. */
interface DirectLeg extends TransferLeg {
  /** The transaction that it is a part of: all of its transfers happened, or none. */
  readonly transactionId?: TransactionId;
  /** The transfer that this one takes back, which went the other way. */
  readonly reversesTransferId?: TransferId;
}

/** Why a pending transfer ended without a movement of money. */
export const RELEASE_REASONS = ['voided', 'expired'] as const;
/** One of `RELEASE_REASONS`. */
type ReleaseReason = (typeof RELEASE_REASONS)[number];

/** Whose account it is. */
export interface Holder {
  /** Missing for an internal account. */
  readonly ownerId?: OwnerId;
  /** An account of the bank itself, which may go below zero without a limit. */
  readonly kind?: 'internal';
  /** The place of an internal account in the chart of accounts. */
  readonly code?: string;
}

type Opened = Happened<'account-opened'> &
  Details &
  Holder & {
    readonly currency: Currency;
    readonly overdraftLimit: Minor;
    /** The account's name in another system of the client. */
    readonly externalId?: string;
    /** Refused commands are recorded; missing: they are not. */
    readonly recordRefusals?: true;
  };
type HoldPlaced = Happened<'hold-placed'> &
  Labels & {
    readonly holdId: HoldId;
    readonly amount: Minor;
    readonly expiresAt?: string;
  };
type HoldCaptured = Happened<'hold-captured'> &
  Remarks & {
    readonly holdId: HoldId;
    readonly amount: Minor;
    /** What was held beyond the captured amount, and is available again. */
    readonly released: Minor;
    /** What was captured beyond the held amount; missing: nothing. */
    readonly aboveHold?: Minor;
  };
type MovementReversed = Happened<'movement-reversed'> &
  Reasoned &
  Omit<Remarks, 'description'> & {
    readonly reverses: Version;
    readonly direction: Direction;
    readonly amount: Minor;
    /** What of the movement can still be taken back; missing: nothing, this was all or the rest. */
    readonly left?: Minor;
  };
type Blocked = Reasoned & { readonly blocked: Direction };

/** Changes what the account is or may do, and moves no money. */
export type TermsEvent =
  | Opened
  | (Happened<'account-frozen'> & Reasoned)
  | (Happened<'account-unfrozen'> & Reasoned)
  | (Happened<'account-closed'> & Reasoned)
  | (Happened<'account-blocked'> & Blocked)
  | (Happened<'account-unblocked'> & Blocked)
  | (Happened<'overdraft-limit-set'> & { readonly overdraftLimit: Minor })
  | (Happened<'limits-set'> & Limits)
  | (Happened<'details-set'> & Details)
  | (Happened<'refusal-recording-set'> & { readonly recordRefusals: boolean });

/** Sets money aside or gives it back; the ledger balance stays. */
export type ReservationEvent =
  | HoldPlaced
  | (Happened<'hold-voided'> & { readonly holdId: HoldId; readonly amount: Minor })
  | (Happened<'hold-expired'> & { readonly holdId: HoldId; readonly amount: Minor })
  /** Source: the amount is held until it is captured, voided or expires. */
  | (Happened<'transfer-reserved'> & TransferLeg & Remarks & { readonly expiresAt?: string })
  | (Happened<'transfer-released'> & TransferLeg & { readonly reason: ReleaseReason });

/** Changes the ledger balance; each is an entry of a statement. */
export type LedgerEvent =
  | (Happened<'money-deposited'> & { readonly amount: Minor } & Remarks)
  | (Happened<'money-withdrawn'> & { readonly amount: Minor } & Remarks)
  | MovementReversed
  | HoldCaptured
  /** Source and target of a transfer; both stand in one transaction of the log. */
  | (Happened<'transfer-sent'> & DirectLeg & Remarks & { readonly transaction?: TransactionTerms })
  | (Happened<'transfer-received'> & DirectLeg & Remarks)
  /** Source: `released` is what was held beyond the captured amount, and is available again. */
  | (Happened<'transfer-captured'> & TransferLeg & { readonly released: Minor } & Remarks);

/**
 * Everything that can happen to an account, as it stands in the log permanently. Amounts are minor
 * units of the account's currency and above zero; `at` is the host's time.
 */
export type AccountEvent = TermsEvent | ReservationEvent | LedgerEvent;

/** The event of one type: `EventOf<'money-deposited'>`. */
export type EventOf<Type extends AccountEvent['type']> = Extract<AccountEvent, { type: Type }>;

/**
 * What an event begins or ends permanently, besides the command that caused it: each of these names
 * may occur at most once in a stream. The journal keeps them, so that it can tell of any hold,
 * movement or transfer, however old, whether it has ended.
 * @returns no names for an event that may occur any number of times.
 */
export function onceNamesOf(event: AccountEvent): string[] {
  switch (event.type) {
    case 'hold-captured':
    case 'hold-voided':
    case 'hold-expired':
      return [holdName(event.holdId)];
    case 'movement-reversed':
      return event.left === undefined ? [reversalName(event.reverses)] : [];
    case 'transfer-reserved':
    case 'transfer-received':
      return [transferName(event.transferId)];
    case 'transfer-sent': {
      const { transferId, reversesTransferId, transactionId, transaction } = event;
      const isFirst = transactionId !== undefined && transaction !== undefined;
      return [
        transferName(transferId),
        ...(reversesTransferId === undefined ? [] : [transferReversalName(reversesTransferId)]),
        ...(isFirst ? [transactionName(transactionId)] : []),
      ];
    }
    case 'transfer-captured':
    case 'transfer-released':
      return [transferEndName(event.transferId)];
    case 'account-opened':
    case 'account-frozen':
    case 'account-unfrozen':
    case 'account-closed':
    case 'account-blocked':
    case 'account-unblocked':
    case 'overdraft-limit-set':
    case 'limits-set':
    case 'details-set':
    case 'refusal-recording-set':
    case 'money-deposited':
    case 'money-withdrawn':
    case 'hold-placed':
      return [];
  }
}
/**
 * The name of the client's key that caused a transfer's event at the target, whose command id is
 * the bank's own.
 */
export const causeName = (command: CommandName): string => `key ${command}`;
/** The name of the end of a hold. */
export const holdName = (id: HoldId): string => `hold ${id}`;
/** The name of the end of all reversals of the account's event with this version. */
export const reversalName = (version: Version): string => `reversal ${version}`;
/** The name of a transfer's first event in a stream. */
export const transferName = (id: TransferId): string => `transfer ${id}`;
/** The name of the end of a pending transfer. */
export const transferEndName = (id: TransferId): string => `transfer-end ${id}`;
/** The name of a transaction, in the stream of its first source. */
export const transactionName = (id: TransactionId): string => `transaction ${id}`;
/** The name of the reversal of a transfer. */
export const transferReversalName = (id: TransferId): string => `transfer-reversal ${id}`;

/** Only the remarks of an object: members that are undefined are left out. */
export function remarksOf({ description, reference, metadata, valueDate }: Remarks): Remarks {
  return {
    ...(description === undefined ? {} : { description }),
    ...(reference === undefined ? {} : { reference }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(valueDate === undefined ? {} : { valueDate }),
  };
}
