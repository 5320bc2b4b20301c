import { unreachable, version, type OwnerId, type Version } from './ids.ts';
import type { Currency } from './currency.ts';
import { minor, ZERO, type Minor } from './money.ts';

export type Metadata = Readonly<Record<string, string>>;

/** What a person may write beside a movement of money. */
export interface Remarks {
  readonly description?: string;
  readonly reference?: string;
  readonly metadata?: Metadata;
}

export type Command =
  | {
      readonly type: 'open-account';
      readonly ownerId: OwnerId;
      readonly currency: Currency;
      readonly overdraftLimit: Minor;
      readonly initialDeposit: Minor;
      readonly name?: string;
      readonly metadata?: Metadata;
    }
  | ({ readonly type: 'deposit'; readonly amount: Minor } & Remarks)
  | ({ readonly type: 'withdraw'; readonly amount: Minor } & Remarks);

export type AccountEvent =
  | {
      readonly type: 'account-opened';
      readonly at: string;
      readonly ownerId: OwnerId;
      readonly currency: Currency;
      readonly overdraftLimit: Minor;
      readonly name?: string;
      readonly metadata?: Metadata;
    }
  | ({ readonly type: 'money-deposited'; readonly at: string; readonly amount: Minor } & Remarks)
  | ({ readonly type: 'money-withdrawn'; readonly at: string; readonly amount: Minor } & Remarks);

export interface NoAccount {
  readonly status: 'none';
  readonly version: Version;
}

export interface OpenAccount {
  readonly status: 'open';
  readonly version: Version;
  readonly ownerId: OwnerId;
  readonly currency: Currency;
  readonly ledger: Minor;
  readonly held: Minor;
  readonly overdraftLimit: Minor;
  readonly openedAt: string;
  readonly changedAt: string;
  readonly name?: string;
  readonly metadata?: Metadata;
}

export type Account = NoAccount | OpenAccount;

export type Refusal =
  | { readonly code: 'account-not-found' }
  | { readonly code: 'account-already-exists' }
  | { readonly code: 'insufficient-funds'; readonly available: Minor; readonly shortfall: Minor };

export type Decision =
  | { readonly ok: true; readonly events: readonly [AccountEvent, ...AccountEvent[]] }
  | { readonly ok: false; readonly refusal: Refusal };

export const NO_ACCOUNT: NoAccount = { status: 'none', version: version(0) };

/** What can still be spent: ledger - held + overdraft limit, in minor units. */
export function available(account: OpenAccount): Minor {
  return minor(account.ledger - account.held + account.overdraftLimit);
}

const refuse = (refusal: Refusal): Decision => ({ ok: false, refusal });

/** Decides a command; pure. `at` is the actor's time (RFC 3339), never the client's. */
export function decide(account: Account, command: Command, at: string): Decision {
  if (command.type === 'open-account') return decideOpen(account, command, at);
  if (account.status === 'none') return refuse({ code: 'account-not-found' });
  switch (command.type) {
    case 'deposit':
      return { ok: true, events: [{ ...command, type: 'money-deposited', at }] };
    case 'withdraw':
      return decideWithdraw(account, command, at);
    default:
      return unreachable(command);
  }
}

type Of<Union, Type> = Extract<Union, { type: Type }>;

function decideOpen(account: Account, open: Of<Command, 'open-account'>, at: string): Decision {
  if (account.status !== 'none') return refuse({ code: 'account-already-exists' });
  const { initialDeposit, ...terms } = open;
  const opened: AccountEvent = { ...terms, type: 'account-opened', at };
  if (initialDeposit === ZERO) return { ok: true, events: [opened] };
  return { ok: true, events: [opened, { type: 'money-deposited', at, amount: initialDeposit }] };
}

function decideWithdraw(
  account: OpenAccount,
  withdrawal: Of<Command, 'withdraw'>,
  at: string,
): Decision {
  const spendable = available(account);
  if (withdrawal.amount > spendable) {
    const shortfall = minor(withdrawal.amount - spendable);
    return refuse({ code: 'insufficient-funds', available: spendable, shortfall });
  }
  return { ok: true, events: [{ ...withdrawal, type: 'money-withdrawn', at }] };
}

/** Applies one event. An event that cannot follow the state is corruption, so it throws. */
export function evolve(account: Account, event: AccountEvent): OpenAccount {
  const next = version(account.version + 1);
  if (event.type === 'account-opened') {
    if (account.status !== 'none') throw new Error('an account was opened twice');
    const { type: _type, at, ...terms } = event;
    return {
      ...terms,
      status: 'open',
      version: next,
      ledger: ZERO,
      held: ZERO,
      openedAt: at,
      changedAt: at,
    };
  }
  if (account.status === 'none') throw new Error(`${event.type} before the account was opened`);
  switch (event.type) {
    case 'money-deposited':
      return moved(account, event.amount, event.at);
    case 'money-withdrawn':
      return moved(account, minor(-event.amount), event.at);
    default:
      return unreachable(event);
  }
}

function moved(account: OpenAccount, by: Minor, at: string): OpenAccount {
  return {
    ...account,
    version: version(account.version + 1),
    ledger: minor(account.ledger + by),
    changedAt: at,
  };
}
