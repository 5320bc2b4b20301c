import * as names from './account-events.ts';
import type {
  AccountEvent,
  Details,
  Direction,
  Holder,
  Labels,
  Limits,
  Remarks,
  TransactionTerms,
} from './account-events.ts';
import type { Currency } from './currency.ts';
import { unreachable } from './ids.ts';
import type { AccountId, HoldId, TransactionId, TransferId, Version } from './ids.ts';
import type { Minor } from './money.ts';

interface Wanted<Type extends string> {
  readonly type: Type;
}
interface Reasoned {
  readonly reason?: string;
}

type OpenAccount = Wanted<'open-account'> &
  Details &
  Holder & {
    readonly currency: Currency;
    readonly overdraftLimit: Minor;
    readonly initialDeposit: Minor;
    readonly externalId?: string;
    readonly recordRefusals?: boolean;
  };
/** The client may say the currency it has in mind: in another one nothing is done. */
interface Amount {
  readonly amount: Minor;
  readonly currency?: Currency;
}
type PlaceHold = Wanted<'place-hold'> &
  Amount &
  Labels & {
    readonly holdId: HoldId;
    readonly expiresAt?: string;
  };
type CaptureHold = Wanted<'capture-hold'> &
  Remarks & {
    readonly holdId: HoldId;
    /** Missing: all of the hold. */
    readonly amount?: Minor;
  };
type Reverse = Wanted<'reverse'> &
  Reasoned &
  Omit<Remarks, 'description'> & {
    readonly version: Version;
    /** Missing: all that was not taken back yet. */
    readonly amount?: Minor;
  };
/** A member that is null is removed, and one that is missing stays (RFC 7396). */
type PatchDetails = Wanted<'patch-details'> & {
  readonly name?: string | null;
  readonly metadata?: Readonly<Record<string, string | null>>;
};
type Block = Reasoned & { readonly direction: Direction };

/** Everything that one account can be asked to do. Amounts are minor units above zero. */
export type Command =
  | OpenAccount
  | (Wanted<'deposit'> & Amount & Remarks)
  | (Wanted<'withdraw'> & Amount & Remarks)
  | PlaceHold
  | CaptureHold
  | (Wanted<'void-hold'> & { readonly holdId: HoldId })
  | (Wanted<'expire-hold'> & { readonly holdId: HoldId })
  | (Wanted<'set-overdraft-limit'> & { readonly amount: Minor })
  | (Wanted<'set-limits'> & Limits)
  | (Wanted<'set-details'> & Details)
  | PatchDetails
  | (Wanted<'set-refusal-recording'> & { readonly recordRefusals: boolean })
  | (Wanted<'freeze'> & Reasoned)
  | (Wanted<'unfreeze'> & Reasoned)
  | (Wanted<'block'> & Block)
  | (Wanted<'unblock'> & Block)
  | (Wanted<'close'> & Reasoned)
  | Reverse;

/**
 * A command decided on both accounts of a transfer in one turn; it is sent to the source account.
 */
export type TransferCommand =
  | (Wanted<'send-transfer'> & TransferTerms & SentTerms)
  | (Wanted<'reserve-transfer'> & TransferTerms & { readonly expiresAt?: string })
  /** Without an amount all of the reservation is captured; the rest is released. */
  | (Wanted<'capture-transfer'> & CaptureTerms)
  | (Wanted<'void-transfer'> & { readonly transferId: TransferId })
  | (Wanted<'expire-transfer'> & { readonly transferId: TransferId });

type TransferTerms = Remarks &
  Amount & {
    readonly transferId: TransferId;
    readonly toAccountId: AccountId;
  };
/** A part of a transaction says so, and the first one of them says what belongs to it. */
interface SentTerms {
  readonly reversesTransferId?: TransferId;
  readonly transactionId?: TransactionId;
  readonly transaction?: TransactionTerms;
}
type CaptureTerms = Remarks & { readonly transferId: TransferId; readonly amount?: Minor };

type AnyCommand = Command | TransferCommand;
/** The command of one type: `CommandOf<'deposit'>`. */
export type CommandOf<Type extends AnyCommand['type']> = Extract<AnyCommand, { type: Type }>;

const TRANSFERS: Readonly<Record<TransferCommand['type'], true>> = {
  'send-transfer': true,
  'reserve-transfer': true,
  'capture-transfer': true,
  'void-transfer': true,
  'expire-transfer': true,
};

/** Whether a command, in any of its forms, is decided on two accounts. */
export const isOfTransfer = <Form extends { readonly type: AnyCommand['type'] }>(
  command: Form,
): command is Extract<Form, { readonly type: TransferCommand['type'] }> =>
  command.type in TRANSFERS;

/** What the forms of a command have in common: ids, and the version that is to be reversed. */
export interface NamingCommand {
  readonly type: AnyCommand['type'];
  readonly holdId?: HoldId | undefined;
  readonly transferId?: TransferId | undefined;
  readonly reversesTransferId?: TransferId | undefined;
  readonly version?: Version | undefined;
}

const named = <Id>(id: Id | undefined, name: (id: Id) => string): string | undefined =>
  id === undefined ? undefined : name(id);

/**
 * The name under which the past knows whether what the command wants to end has ended already;
 * undefined for a command that ends nothing.
 */
export function endNameOf(command: NamingCommand): string | undefined {
  switch (command.type) {
    case 'capture-hold':
    case 'void-hold':
    case 'expire-hold':
      return named(command.holdId, names.holdName);
    case 'reverse':
      return named(command.version, names.reversalName);
    case 'capture-transfer':
    case 'void-transfer':
    case 'expire-transfer':
      return named(command.transferId, names.transferEndName);
    case 'send-transfer':
      return named(command.reversesTransferId, names.transferReversalName);
    case 'open-account':
    case 'deposit':
    case 'withdraw':
    case 'place-hold':
    case 'set-overdraft-limit':
    case 'set-limits':
    case 'set-details':
    case 'patch-details':
    case 'set-refusal-recording':
    case 'freeze':
    case 'unfreeze':
    case 'block':
    case 'unblock':
    case 'close':
    case 'reserve-transfer':
      return undefined;
    default:
      return unreachable(command.type);
  }
}

/** What a decision may need from the account's past that its state no longer has. */
export interface Past {
  /**
   * The event that ended the hold or transfer in question, or that reversed the movement. Undefined
   * when there is none.
   */
  readonly ended?: { readonly version: Version } | undefined;
  /** The event that is to be reversed; undefined when the account has no such event. */
  readonly original?: AccountEvent | undefined;
}

/**
 * Why a rule refuses a command: an expected answer, never thrown. Each code is one problem of the
 * REST API (contracts/account/refusals.ts); amounts are minor units.
 */
export type Refusal =
  | { readonly code: 'account-not-found' }
  | { readonly code: 'account-already-exists' }
  | { readonly code: 'account-frozen' }
  | { readonly code: 'account-not-frozen' }
  | { readonly code: 'account-closed' }
  | { readonly code: 'account-blocked'; readonly direction: Direction }
  | { readonly code: 'account-not-blocked'; readonly direction: Direction }
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
  | { readonly code: 'reversal-amount-exceeded'; readonly left: Minor }
  | { readonly code: 'currency-mismatch'; readonly currency: Currency }
  | { readonly code: 'same-account' }
  | { readonly code: 'transfer-not-found' }
  | { readonly code: 'transfer-already-ended'; readonly version: Version }
  | { readonly code: 'transfer-amount-exceeded'; readonly reserved: Minor }
  | { readonly code: 'transfer-expired' }
  | { readonly code: 'transfer-not-due' }
  | { readonly code: 'invalid-request'; readonly at: string; readonly message: string };

/** What the rules make of a command: the events to commit, at least one, or a refusal. */
export type Decision =
  | { readonly ok: true; readonly events: readonly [AccountEvent, ...AccountEvent[]] }
  | { readonly ok: false; readonly refusal: Refusal };

/** A decision that refuses. */
export const refuse = (refusal: Refusal): Decision => ({ ok: false, refusal });
/** A decision with a single event. */
export const granted = (event: AccountEvent): Decision => ({ ok: true, events: [event] });
