import type { BankForTests } from './bank-for-tests.ts';
import type { Command } from './account-commands.ts';
import type { Currency } from './currency.ts';
import { holdId, ownerId, version, type AccountId, type HoldId } from './ids.ts';
import { minor, ZERO } from './money.ts';
import { transferIdOf } from './transfer-id.ts';

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

/** What random lives are made of; the frequent ones stand more than once. */
export const STEPS = [
  'open-account',
  ...['deposit', 'deposit', 'deposit', 'withdraw', 'withdraw'],
  ...['place-hold', 'place-hold', 'capture-hold', 'void-hold', 'expire-hold'],
  ...['reserve-transfer', 'reserve-transfer', 'receive-transfer', 'receive-transfer'],
  ...['settle-transfer', 'release-transfer', 'reverse', 'reverse'],
  ...['set-overdraft-limit', 'set-limits', 'set-details', 'set-refusal-recording'],
  ...['freeze', 'unfreeze', 'unfreeze', 'close'],
] as readonly Command['type'][];

const REMARKS = [
  {},
  { description: 'rent' },
  { description: 'Miete für März ½', reference: 'inv-1', metadata: { shop: 'x', 'a.b': '1' } },
] as const;
const DETAILS = [{}, { name: 'Everyday' }, { name: 'K', metadata: { branch: 'Brno' } }] as const;
const REASONS = [{}, { reason: 'asked by the owner' }] as const;

const chosen = <T>(values: readonly T[], pick: number): T => values[pick % values.length] as T;

type Bank = Pick<
  BankForTests,
  'of' | 'id' | 'at' | 'give' | 'tell' | 'end' | 'holds' | 'transfers' | 'currencyOf'
>;

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

  const reserve = (from: AccountId, { amount, pick }: Step): void => {
    const toAccountId = bank.id((pick >> 2) % 4);
    const target = bank.of(toAccountId);
    // The saga asks for the target first, so it is there; only its state may change later.
    if (target.status === 'none' || toAccountId === from) return;
    made += 1;
    const transferId = transferIdOf(from, BigInt(made));
    const remarks = chosen(REMARKS, pick);
    const terms = { transferId, toAccountId, toCurrency: target.currency, ...remarks };
    const command = { ...terms, type: 'reserve-transfer', amount: minor(amount) } as const;
    const decision = bank.give(from, command);
    if (decision?.ok) bank.transfers.push({ transferId, from, reserve: command, told: 'nothing' });
  };

  const commandOf = (id: AccountId, step: Step, type: Command['type']): Command | undefined => {
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
        const remark = pick % 2 === 0 ? { description: 'card' } : {};
        return { type, amount, holdId: nextId(), ...expiring, ...remark };
      }
      case 'capture-hold':
        return { type, holdId: holdOf(id, pick), ...(pick % 2 === 0 ? {} : { amount }) };
      case 'void-hold':
      case 'expire-hold':
        return { type, holdId: holdOf(id, pick) };
      case 'set-overdraft-limit':
        return { type, amount: pick % 3 === 0 ? ZERO : amount };
      case 'set-limits':
        return { type, ...limitsOf(step) };
      case 'set-details':
        return { type, ...chosen(DETAILS, pick) };
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
          ...chosen(REASONS, pick),
        };
      default:
        return undefined;
    }
  };

  return {
    run(step: Step): void {
      const id = bank.id(step.account);
      const type = chosen(STEPS, step.kind);
      const transfer = bank.transfers.length === 0 ? undefined : chosen(bank.transfers, step.pick);
      if (type === 'reserve-transfer') return reserve(id, step);
      if (type === 'receive-transfer') return transfer && bank.tell(transfer);
      if (type === 'settle-transfer' || type === 'release-transfer') {
        return transfer && bank.end(transfer);
      }
      const command = commandOf(id, step, type);
      if (command !== undefined) bank.give(id, command);
    },
  };
}

function opening({ account, amount, pick }: Step, currency: Currency): Command {
  return {
    type: 'open-account',
    ownerId: ownerId(`owner-${account % 3}`),
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
  };
}
