import { TESTER, testName } from '../../contracts/access/sender-for-tests.ts';
import { balanceOf } from '../../contracts/account/money.ts';
import { refusalsOf, streamOfPerson, type BankEvent } from '../../contracts/log/bank-events.ts';
import { commandHash } from '../../contracts/account/commands.ts';
import { holdIdFor, transferIdFor } from '../../contracts/derived-ids.ts';
import { encodeEvent, streamOf } from '../../contracts/account/events.ts';
import type { RefusalEvent } from '../../contracts/account/refusal-events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import {
  evolve,
  NO_ACCOUNT,
  spentOn,
  type ExistingAccount,
  type Account,
} from '../../domain/account.ts';
import type { Command, CommandOf, TransferCommand } from '../../domain/account-commands.ts';
import { decide } from '../../domain/account-decisions.ts';
import { transferName, type AccountEvent } from '../../domain/account-events.ts';
import type { Currency } from '../../domain/currency.ts';
import {
  commandId,
  ownCommandId,
  ownerId,
  version,
  type AccountId,
  type CommandId,
  type PersonId,
} from '../../domain/ids.ts';
import { formatAmount, minor, ZERO } from '../../domain/money.ts';
import { decideTransfer } from '../../domain/transfer-decisions.ts';
import { GENESIS_KEY } from '../immudb/log-end.ts';
import { digestOf } from '../log/events-for-tests.ts';
import { isTestSigned } from '../../platform/signer-for-tests.ts';
import { createAuditBooks } from './books.ts';
import { hashedLog } from './hashed-log-for-tests.ts';

/** An event as it is to be planted: of an account, by a command, with some of it changed. */
export interface Planted {
  readonly id: AccountId;
  readonly event: AccountEvent;
  readonly by?: string;
  readonly change?: (event: BankEvent) => object;
}
const MINUTE_MS = 60_000;
export type PlantedLog = ReturnType<typeof plantedLog>;

/** A log with right hashes, to which the bank, or who may write what the bank does not, adds. */
export function plantedLog() {
  const [log, books] = [hashedLog(), createAuditBooks(isTestSigned)];
  const accounts = new Map<AccountId, Account>();
  const ends = new Map<string, { readonly version: number; readonly digest: string }>();
  let nowMs = Date.UTC(2026, 2, 1, 12);
  let commands = 0;

  const append = (events: readonly BankEvent[]): string[] =>
    books.take(log.append(...events)).map(({ kind, detail }) => `${kind}: ${detail}`);
  const genesis = { key: GENESIS_KEY, value: Buffer.from('{}') };
  if (books.take(log.add(genesis)).length > 0) throw new Error('the genesis is not sound');
  const of = (id: AccountId): Account => accounts.get(id) ?? NO_ACCOUNT;
  const at = (): string => new Date(nowMs).toISOString();
  const key = (): CommandId => commandId(`c-${(commands += 1)}`);
  const placed = (event: BankEvent): BankEvent => {
    const end = ends.get(event.stream);
    const next = { ...event, ...(end === undefined ? {} : { prev: end.digest }) } as BankEvent;
    ends.set(event.stream, { version: next.version, digest: digestOf(next) });
    return next;
  };

  /** Whatever it is, as one command in one transaction; what the audit finds. */
  const plant = (...all: readonly Planted[]): string[] => {
    const own = key();
    const first = all[0]!;
    const joint = { id: `${streamOf(first.id)}/${of(first.id).version + 1}`, events: all.length };
    const events = all.map(({ id, event, by = own, change }) => {
      const after = evolved(of(id), event);
      accounts.set(id, after);
      const made = encodeEvent(id, event, after, {
        commandId: by as CommandId,
        by: by.startsWith('expire ') ? undefined : TESTER.by,
        commandHash: commandHash({ type: 'freeze' }),
        ...(all.length === 1 ? {} : { joint }),
      });
      return placed((change?.(made) ?? made) as BankEvent);
    });
    return append(events);
  };

  const bank = {
    books,
    of,
    at,
    key,
    append,
    plant,
    account: (serial: number): AccountId => accountIdOfSerial(BigInt(serial)),
    pass: (minutes: number): void => void (nowMs += minutes * MINUTE_MS),
    /** As the bank does it. */
    give(id: AccountId, command: Command, by?: CommandId): void {
      const own = by ?? key();
      const decision = decide(of(id), command, at(), {});
      if (!decision.ok) throw new Error(`refused: ${decision.refusal.code}`);
      sound(plant(...decision.events.map((event) => ({ id, event, by: own }))));
    },
    open(id: AccountId, deposit = 0n, more: object = {}): void {
      const money = { overdraftLimit: ZERO, initialDeposit: minor(deposit) };
      const terms = { ownerId: ownerId('jana'), currency: 'CZK' as Currency, ...money, ...more };
      bank.give(id, { type: 'open-account', ...terms });
    },
    hold(id: AccountId, amount: bigint, more: object = {}): CommandOf<'place-hold'>['holdId'] {
      const own = key();
      const holdId = holdIdFor(id, testName(own));
      bank.give(id, { type: 'place-hold', holdId, amount: minor(amount), ...more }, own);
      return holdId;
    },
    transfer(from: AccountId, command: TransferCommand, by?: CommandId): void {
      const own = by ?? key();
      const source = of(from);
      const to = 'toAccountId' in command ? command.toAccountId : otherOf(source, command);
      const sides = { sourceId: from, source, target: of(to) };
      const decision = decideTransfer(sides, command, at(), {});
      if (!decision.ok) throw new Error(`refused: ${decision.refusal.code}`);
      const theirs = transferName(command.transferId);
      sound(
        plant(
          ...decision.source.map((event) => ({ id: from, event, by: own })),
          ...decision.target.map((event) => ({ id: to, event, by: theirs })),
        ),
      );
    },
    /** Sends or reserves, and gives the transfer's id. */
    begin(
      type: 'send-transfer' | 'reserve-transfer',
      [from, toAccountId]: readonly [AccountId, AccountId],
      amount: bigint,
      more: object = {},
    ) {
      const own = key();
      const transferId = transferIdFor(from, testName(own));
      const terms = { transferId, toAccountId, amount: minor(amount), ...more };
      bank.transfer(from, { type, ...terms } as TransferCommand, own);
      return transferId;
    },
    person(
      id: PersonId,
      type: 'person-registered' | 'person-address-changed' | 'person-erased',
      more: object = {},
    ): string[] {
      const stream = streamOfPerson(id);
      const next = (ends.get(stream)?.version ?? 0) + 1;
      const data = type === 'person-erased' ? {} : { sealed: 'c2VhbGVk'.repeat(8) };
      return append([
        placed({
          id: `${stream}/${next}`,
          stream,
          version: next,
          type,
          schema: 1,
          at: at(),
          data,
          commandId: key(),
          by: TESTER.by,
          commandHash: commandHash({ type: 'freeze' }),
          ...more,
        } as BankEvent),
      ]);
    },
    /** The record of a refusal; `change` lies in it. */
    record(
      id: AccountId,
      command: object,
      refusal: RefusalEvent['data']['refusal'],
      change: (event: RefusalEvent) => object = (event) => event,
    ): string[] {
      const stream = refusalsOf(id);
      const next = (ends.get(stream)?.version ?? 0) + 1;
      const data = { command: { commandId: key(), ...command }, refusal, seen: bank.seen(id) };
      const event = {
        id: `${stream}/${next}`,
        stream,
        version: next,
        type: 'command-refused',
        schema: 1,
        commandId: ownCommandId(`refusal ${id}`.replace(/.{4}$/, `${1000 + next}`)),
        by: TESTER.by,
        commandHash: commandHash({ type: 'freeze' }),
        at: at(),
        data,
      } as unknown as RefusalEvent;
      return append([placed(change(event) as BankEvent)]);
    },
    seen(id: AccountId): RefusalEvent['data']['seen'] {
      const now = of(id) as ExistingAccount;
      const { status, currency } = now;
      return {
        version: version(now.version),
        status,
        currency,
        balance: balanceOf(now),
        overdraftLimit: formatAmount(now.overdraftLimit, currency),
        spentToday: formatAmount(spentOn(now, at().slice(0, 10)), currency),
      };
    },
  };
  return bank;
}

/** What the bank does is sound; a test that begins with something else proves nothing. */
function sound(found: readonly string[]): void {
  if (found.length > 0) throw new Error(found.join('\n'));
}

const otherOf = (source: Account, { transferId }: TransferCommand): AccountId =>
  (source as ExistingAccount).transfers.find((open) => open.transferId === transferId)!
    .otherAccountId;

/** The account with the event, whose balance it is to name; as it was where it cannot follow. */
function evolved(before: Account, event: AccountEvent): ExistingAccount {
  try {
    return evolve(before, event);
  } catch {
    const opening = { ownerId: ownerId('jana'), currency: 'CZK' as Currency };
    const none = {
      type: 'account-opened',
      at: event.at,
      ...opening,
      overdraftLimit: ZERO,
    } as const;
    const account = before.status === 'none' ? evolve(NO_ACCOUNT, none) : before;
    return { ...account, version: version(before.version + 1), changedAt: event.at };
  }
}
