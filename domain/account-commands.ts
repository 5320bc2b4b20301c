import type { Details, Limits, Remarks } from './account-events.ts';
import type { AccountEvent } from './account-events.ts';
import type { Currency } from './currency.ts';
import type { AccountId, HoldId, OwnerId, TransferId, Version } from './ids.ts';
import type { Minor } from './money.ts';

interface Wanted<Type extends string> {
  readonly type: Type;
}
interface Reasoned {
  readonly reason?: string;
}

type OpenAccount = Wanted<'open-account'> &
  Details & {
    readonly ownerId: OwnerId;
    readonly currency: Currency;
    readonly overdraftLimit: Minor;
    readonly initialDeposit: Minor;
    readonly recordRefusals?: boolean;
  };
type PlaceHold = Wanted<'place-hold'> & {
  readonly holdId: HoldId;
  readonly amount: Minor;
  readonly description?: string;
  readonly expiresAt?: string;
};

export type Command =
  | OpenAccount
  | (Wanted<'deposit'> & { readonly amount: Minor } & Remarks)
  | (Wanted<'withdraw'> & { readonly amount: Minor } & Remarks)
  | PlaceHold
  /** Without an amount all of the hold is captured. */
  | (Wanted<'capture-hold'> & { readonly holdId: HoldId; readonly amount?: Minor })
  | (Wanted<'void-hold'> & { readonly holdId: HoldId })
  | (Wanted<'expire-hold'> & { readonly holdId: HoldId })
  | (Wanted<'set-overdraft-limit'> & { readonly amount: Minor })
  | (Wanted<'set-limits'> & Limits)
  | (Wanted<'set-details'> & Details)
  | (Wanted<'set-refusal-recording'> & { readonly recordRefusals: boolean })
  | (Wanted<'freeze'> & Reasoned)
  | (Wanted<'unfreeze'> & Reasoned)
  | (Wanted<'close'> & Reasoned)
  | (Wanted<'reverse'> & Reasoned & { readonly version: Version });

/** What is decided on both accounts of a transfer, in one turn; all are sent to the source. */
export type TransferCommand =
  | (Wanted<'send-transfer'> & TransferTerms & { readonly reversesTransferId?: TransferId })
  | (Wanted<'reserve-transfer'> & TransferTerms & { readonly expiresAt?: string })
  /** Without an amount all of the reservation is captured; the rest is released. */
  | (Wanted<'capture-transfer'> & { readonly transferId: TransferId; readonly amount?: Minor })
  | (Wanted<'void-transfer'> & { readonly transferId: TransferId })
  | (Wanted<'expire-transfer'> & { readonly transferId: TransferId });

type TransferTerms = Remarks & {
  readonly transferId: TransferId;
  readonly toAccountId: AccountId;
  readonly amount: Minor;
};

type AnyCommand = Command | TransferCommand;
export type CommandOf<Type extends AnyCommand['type']> = Extract<AnyCommand, { type: Type }>;

/** What a decision may ask of the account's past that its state does not hold. */
export interface Past {
  /** The event that ended the hold or transfer in question, or reversed it. */
  readonly settled?: { readonly version: Version } | undefined;
  /** The event that is to be reversed. */
  readonly original?: AccountEvent | undefined;
}

export type Refusal =
  | { readonly code: 'account-not-found' }
  | { readonly code: 'account-already-exists' }
  | { readonly code: 'account-frozen' }
  | { readonly code: 'account-not-frozen' }
  | { readonly code: 'account-closed' }
  | { readonly code: 'balance-not-zero'; readonly ledger: Minor; readonly held: Minor }
  | { readonly code: 'insufficient-funds'; readonly available: Minor; readonly shortfall: Minor }
  | {
      readonly code: 'limit-exceeded';
      readonly limit: 'perWithdrawal' | 'perDay';
      readonly allowed: Minor;
      /** Of the day's limit. */
      readonly used?: Minor;
      readonly resetsAt?: string;
    }
  | { readonly code: 'too-many-open'; readonly limit: number }
  | { readonly code: 'hold-not-found' }
  | { readonly code: 'hold-already-resolved'; readonly version: Version }
  | { readonly code: 'hold-amount-exceeded'; readonly held: Minor }
  | { readonly code: 'hold-not-due' }
  | { readonly code: 'hold-expired' }
  | { readonly code: 'event-not-found' }
  | { readonly code: 'not-reversible'; readonly eventType: AccountEvent['type'] }
  | { readonly code: 'already-reversed'; readonly version: Version }
  | { readonly code: 'currency-mismatch'; readonly currency: Currency }
  | { readonly code: 'same-account' }
  | { readonly code: 'transfer-not-found' }
  | { readonly code: 'transfer-already-ended'; readonly version: Version }
  | { readonly code: 'transfer-amount-exceeded'; readonly reserved: Minor }
  | { readonly code: 'transfer-expired' }
  | { readonly code: 'transfer-not-due' }
  | { readonly code: 'invalid-request'; readonly at: string; readonly message: string };

export type Decision =
  | { readonly ok: true; readonly events: readonly [AccountEvent, ...AccountEvent[]] }
  | { readonly ok: false; readonly refusal: Refusal };

export const refuse = (refusal: Refusal): Decision => ({ ok: false, refusal });
export const granted = (event: AccountEvent): Decision => ({ ok: true, events: [event] });
