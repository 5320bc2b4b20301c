import type { Account } from './account.ts';
import type { Command, CommandOf, TransferCommand } from './account-commands.ts';
import type { Currency } from './currency.ts';
import { holdId, ownerId, version, type AccountId, type HoldId } from './ids.ts';
import { transferIdOf } from './transfer-id.ts';
import { minor, ZERO } from './money.ts';

/** One step of a random life: what it means depends on the bank in which it is taken. */
export interface Step {
  readonly account: number;
  /** Which of STEPS. */
  readonly kind: number;
  readonly amount: bigint;
  /** Chooses among what is there: a hold, a transfer, a version, an amount or none. */
  readonly pick: number;
  /** How much later than the step before. */
  readonly minutes: number;
}

type StepType = Command['type'] | TransferCommand['type'] | 'reverse-transfer';

/** How often each kind of step stands among those that random lives choose from. */
const WEIGHTS: Readonly<Record<StepType, number>> = {
  'open-account': 1,
  deposit: 3,
  withdraw: 2,
  'place-hold': 2,
  'capture-hold': 1,
  'void-hold': 1,
  'expire-hold': 1,
  'send-transfer': 2,
  'reverse-transfer': 1,
  'reserve-transfer': 2,
  'capture-transfer': 2,
  'void-transfer': 1,
  'expire-transfer': 1,
  reverse: 2,
  'set-overdraft-limit': 1,
  'set-limits': 1,
  'set-details': 1,
  'patch-details': 1,
  'set-refusal-recording': 1,
  freeze: 1,
  unfreeze: 2,
  block: 1,
  unblock: 2,
  close: 1,
};

/** What random lives are made of; the frequent ones stand more than once. */
export const STEPS = Object.entries(WEIGHTS).flatMap(([type, times]) =>
  Array.from({ length: times }, () => type as StepType),
);

/**
 * Lives of account 0 in which ends come about that random lives reach so seldom that it would be
 * luck: holds and a transfer that end, too early, in time and too late, and movements that are
 * taken back, whole and in part.
 */
export const RARE_LIVES: readonly (readonly Step[])[] = [9, 21].flatMap((pick) => {
  // These numbers choose an expiry within half an hour, and account 2 or 1 as the target.
  const step = (type: StepType, minutes = 0, amount = 1n): Step => ({
    account: 0,
    kind: STEPS.indexOf(type),
    amount,
    pick,
    minutes,
  });
  const held = [step('deposit'), step('place-hold')];
  const reserved = [step('deposit'), step('reserve-transfer')];
  return [
    [...held, step('capture-hold'), step('void-hold')],
    [...held, step('expire-hold', 30)],
    [...reserved, step('expire-transfer'), step('capture-transfer'), step('reverse-transfer')],
    [...reserved, step('deposit', 30)],
    [...reserved, step('expire-transfer', 30)],
    [step('deposit'), step('reverse'), step('reverse')],
    [step('deposit', 0, 3n), step('reverse')],
    [step('set-limits', 0, 100n), ...held, step('capture-hold', 0, 3n)],
  ];
});

/** Of which random transfers choose their target. */
const ACCOUNTS = 4;
const REMARKS = [
  {},
  { description: 'rent' },
  { description: 'Miete für März ½', reference: 'inv-1', metadata: { shop: 'x', 'a.b': '1' } },
  { reference: 'r-2', valueDate: '2026-11-19' },
] as const;
const LABELS = [{}, { description: 'card', reference: 'auth-1', metadata: { shop: 'y' } }] as const;
const PATCHES = [
  { metadata: { branch: null } },
  { name: null, metadata: { 'a.b': '2' } },
  { name: 'Savings' },
] as const;
const DETAILS = [{}, { name: 'Everyday' }, { name: 'K', metadata: { branch: 'Brno' } }] as const;
const REASONS = [{}, { reason: 'asked by the owner' }] as const;

const chosen = <T>(values: readonly T[], pick: number): T => values[pick % values.length] as T;

/** A transfer that was begun. */
export interface TransferUnderTest {
  readonly from: AccountId;
  readonly begun: CommandOf<'send-transfer' | 'reserve-transfer'>;
}

interface Bank {
  of(id: AccountId): Account;
  id(index: number): AccountId;
  at(): string;
  give(id: AccountId, command: Command): unknown;
  transfer(from: AccountId, command: TransferCommand): unknown;
  readonly holds: readonly { readonly accountId: AccountId; readonly holdId: HoldId }[];
  readonly transfers: readonly TransferUnderTest[];
  currencyOf(index: number): Currency;
}

/** Makes commands out of steps and gives them to the bank. */
export function createCommands(bank: Bank) {
  let made = 0;
  const nextId = (): HoldId => {
    made += 1;
    return holdId(`00000000-0000-8000-8000-${made.toString(16).padStart(12, '0')}`);
  };
  const holdOf = (accountId: AccountId, pick: number): HoldId => {
    const own = bank.holds.filter((hold) => hold.accountId === accountId);
    return own.length === 0 || pick % 7 === 6 ? nextId() : chosen(own, pick).holdId;
  };
  const later = (minutes: number): string =>
    new Date(Date.parse(bank.at()) + minutes * 60_000).toISOString();

  /** The source of a transfer command, and the command; nothing when there is no transfer yet. */
  const transferOf = (
    own: AccountId,
    step: Step,
    type: TransferCommand['type'] | 'reverse-transfer',
  ): readonly [AccountId, TransferCommand] | undefined => {
    const { pick } = step;
    const amount = minor(step.amount);
    if (type === 'send-transfer' || type === 'reserve-transfer') {
      made += 1;
      const toAccountId = bank.id((pick >> 2) % ACCOUNTS);
      const terms = { transferId: transferIdOf(own, BigInt(made)), toAccountId, amount };
      const remarks = chosen(REMARKS, pick);
      if (type === 'send-transfer') return [own, { type, ...terms, ...remarks }];
      const expiring = pick % 3 === 0 ? { expiresAt: later(1 + (pick % 2_000)) } : {};
      return [own, { type, ...terms, ...remarks, ...expiring }];
    }
    if (bank.transfers.length === 0) return undefined;
    const { from, begun } = chosen(bank.transfers, pick);
    const { transferId } = begun;
    if (type !== 'reverse-transfer') {
      const part = type === 'capture-transfer' && pick % 2 === 0 ? { amount } : {};
      return [from, { type, transferId, ...part } as TransferCommand];
    }
    made += 1;
    const back = begun.toAccountId;
    // What was captured in part cannot be sent back as a whole.
    const terms = { transferId: transferIdOf(back, BigInt(made)), amount: begun.amount };
    const more = { toAccountId: from, reversesTransferId: transferId };
    return [back, { type: 'send-transfer', ...terms, ...more }];
  };

  const commandOf = (id: AccountId, step: Step, type: Command['type']): Command => {
    const { amount: units, pick } = step;
    const amount = minor(units);
    switch (type) {
      case 'open-account':
        return opening(step, bank.currencyOf(step.account));
      case 'deposit':
      case 'withdraw':
        return { type, amount, ...chosen(REMARKS, pick) };
      case 'place-hold': {
        const expiring = pick % 3 === 0 ? { expiresAt: later(1 + (pick % 2_000)) } : {};
        return { type, amount, holdId: nextId(), ...expiring, ...chosen(LABELS, pick) };
      }
      case 'capture-hold':
        return {
          type,
          holdId: holdOf(id, pick),
          ...(pick % 2 === 0 ? {} : { amount }),
          ...chosen(REMARKS, pick >> 1),
        };
      case 'void-hold':
      case 'expire-hold':
        return { type, holdId: holdOf(id, pick) };
      case 'set-overdraft-limit':
        return { type, amount: pick % 3 === 0 ? ZERO : amount };
      case 'set-limits':
        return { type, ...limitsOf(step) };
      case 'set-details':
        return { type, ...chosen(DETAILS, pick) };
      case 'patch-details':
        return { type, ...chosen(PATCHES, pick) };
      case 'block':
      case 'unblock':
        return {
          type,
          direction: pick % 2 === 0 ? 'debit' : 'credit',
          ...chosen(REASONS, pick >> 1),
        };
      case 'set-refusal-recording':
        return { type, recordRefusals: pick % 2 === 0 };
      case 'freeze':
      case 'unfreeze':
      case 'close':
        return { type, ...chosen(REASONS, pick) };
      case 'reverse':
        return {
          type,
          version: version(1 + (pick % (bank.of(id).version + 2))),
          ...(pick % 3 === 0 ? { amount } : {}),
          ...(pick % 4 === 0 ? { reference: 'back', valueDate: '2026-11-30' } : {}),
          ...chosen(REASONS, pick),
        };
    }
  };

  return {
    run(step: Step): void {
      const id = bank.id(step.account);
      const type = chosen(STEPS, step.kind);
      if (!isOfTransfer(type)) {
        bank.give(id, commandOf(id, step, type));
        return;
      }
      const transfer = transferOf(id, step, type);
      if (transfer !== undefined) bank.transfer(...transfer);
    },
  };
}

const isOfTransfer = (type: StepType): type is TransferCommand['type'] | 'reverse-transfer' =>
  type.endsWith('-transfer');

function opening({ account, amount, pick }: Step, currency: Currency): Command {
  const isInternal = pick % 16 === 15;
  return {
    type: 'open-account',
    ...(isInternal
      ? { kind: 'internal' as const, code: `10${pick % 3}` }
      : { ownerId: ownerId(`owner-${account % 3}`) }),
    currency,
    overdraftLimit: pick % 2 === 0 ? minor(amount) : ZERO,
    initialDeposit: pick % 3 === 0 ? ZERO : minor(amount * 3n),
    ...chosen(DETAILS, pick),
    ...(pick % 5 === 0 ? { recordRefusals: pick % 2 === 0 } : {}),
  };
}

function limitsOf({ amount, pick }: Step): object {
  if (pick % 4 === 0) return {};
  return {
    ...(pick % 2 === 0 ? { perWithdrawal: minor(amount) } : {}),
    ...(pick % 3 === 0 ? { perDay: minor(amount * 2n) } : {}),
    ...(pick % 4 === 1 ? { captureAboveHold: true } : {}),
  };
}
