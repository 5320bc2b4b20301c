import type { Balance } from '../../contracts/account/money.ts';
import type { ReplayedEvent } from './replayed-account.ts';

/** Of ledger, held and available: as wide as most amounts, and no amount is cut. */
const MONEY_WIDTH = 14;
const VERSION_WIDTH = 7;
const TYPE_WIDTH = 22;
const TIME_WIDTH = 24;

const line = (version: string, at: string, type: string, money: readonly string[]): string =>
  [
    version.padStart(VERSION_WIDTH),
    at.padEnd(TIME_WIDTH),
    type.padEnd(TYPE_WIDTH),
    ...money.map((amount) => amount.padStart(MONEY_WIDTH)),
  ].join('  ');

export const REPLAY_HEADING = line('version', 'time', 'event', [
  'amount',
  'ledger',
  'held',
  'available',
]);

const moneyOf = ({ ledger, held, available }: Balance): string[] => [ledger, held, available];

/** One line of an event and the balance after it; a second one where the event says otherwise. */
export function replayLine({ event, balance, isAsStated }: ReplayedEvent): string {
  const amount = 'amount' in event.data ? event.data.amount : '';
  const { version, at, type } = event;
  const replayed = line(String(version), at, type, [amount, ...moneyOf(balance)]);
  if (isAsStated) return replayed;
  const stated = line('', '', 'DIFFERS, it states', ['', ...moneyOf(event.data.balance)]);
  return `${replayed}\n${stated}`;
}
