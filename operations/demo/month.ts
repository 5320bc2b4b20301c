import { currencyText } from '../../contracts/http/scalars.ts';
import { formatAmount, minor } from '../../domain/money.ts';
import { seededRandom } from '../../platform/seeded-random.ts';

export interface Person {
  readonly givenName: string;
  readonly familyName: string;
  readonly address: {
    readonly line1: string;
    readonly city: string;
    readonly postalCode: string;
    readonly country: string;
  };
  readonly currency: (typeof CURRENCIES)[keyof typeof CURRENCIES];
}

const CURRENCIES = {
  EUR: currencyText.parse('EUR'),
  CZK: currencyText.parse('CZK'),
  JPY: currencyText.parse('JPY'),
  KWD: currencyText.parse('KWD'),
};

const NAMES = `
  EUR DE Berlin 10115 Anna Schmidt, Jonas Weber, Lena Fischer
  EUR FR Lyon 69002 Camille Moreau, Hugo Lefevre
  EUR ES Sevilla 41001 Lucia Romero, Pablo Navarro, Carmen Vidal
  CZK CZ Brno 60200 Jana Nováková, Petr Dvořák, Eva Horáková, Tomáš Procházka
  CZK CZ Plzeň 30100 Lucie Černá, Karel Beneš, Alena Vlčková
  JPY JP Osaka 530-0001 Yuki Tanaka, Haruto Sato, Sakura Ito
  KWD KW Kuwait-City 13001 Noura Al-Sabah, Yousef Al-Mutairi
`;

/** Twenty persons. None of them exists. */
export const PEOPLE: readonly Person[] = NAMES.trim()
  .split('\n')
  .flatMap((line) => {
    const [currency, country, city, postalCode, ...names] = line.trim().split(' ');
    return names
      .join(' ')
      .split(', ')
      .map((name, at): Person => {
        const [givenName = '', familyName = ''] = name.split(' ');
        return {
          givenName,
          familyName,
          address: {
            line1: `Bank Street ${at + 1}`,
            city: (city ?? '').replace('-', ' '),
            postalCode: postalCode ?? '',
            country: country ?? '',
          },
          currency: CURRENCIES[currency as keyof typeof CURRENCIES],
        };
      });
  });

/** What a person does with one of the accounts; amounts are in its currency. */
export type Step = {
  /** Also the Idempotency-Key: a second run finds done what the first had done. */
  readonly key: string;
  readonly account: number;
  /** The code of the problem, of a step that the bank must refuse. */
  readonly refused?: string;
} & (
  | { readonly kind: 'deposits' | 'withdrawals' | 'mistake'; readonly body: object }
  | { readonly kind: 'limits' | 'freeze'; readonly body: object }
  | { readonly kind: 'hold'; readonly body: object; readonly ending: 'void' | 'keep' | object }
  | { readonly kind: 'transfer'; readonly to: number; readonly body: object }
);

type WithoutKey<T> = T extends unknown ? Omit<T, 'key'> : never;

interface Account {
  readonly owner: number;
  readonly name: string;
  readonly currency: Person['currency'];
  readonly overdraftLimit?: string;
  readonly initialDeposit: string;
}

export interface Month {
  readonly accounts: readonly Account[];
  /** One list of steps per day; those of one account in this order. */
  readonly days: readonly (readonly Step[])[];
  readonly steps: number;
}

const DAYS = 30;
const SEED = 20_261_031;
const MONTH = '2026-10';
/** Minor units for one euro cent, times 100: prices look like prices everywhere. */
const RATES: Readonly<Record<string, bigint>> = { EUR: 100n, CZK: 2_500n, JPY: 160n, KWD: 330n };
/** Prices end in whole units of this many minor ones. */
const ROUND: Readonly<Record<string, bigint>> = { EUR: 1n, CZK: 100n, JPY: 10n, KWD: 5n };
const SHOPS = ['Groceries', 'Fuel', 'Hotel', 'Bookshop', 'Pharmacy', 'Cinema', 'Train', 'Bakery'];

/** An amount worth about so many euro cents, in any of the demo's currencies. */
export function priced(euroCents: number, currency: Person['currency']): string {
  const round = ROUND[currency] ?? 1n;
  const units = (BigInt(euroCents) * (RATES[currency] ?? 100n)) / 100n;
  return formatAmount(minor((units / round + 1n) * round), currency);
}

export const currentOf = (person: number): number => 2 * person;
export const savingsOf = (person: number): number => 2 * person + 1;

/** A month of twenty persons with two accounts each: the same every time. */
export function demoMonth(): Month {
  const random = seededRandom(SEED);
  const below = (most: number): number => Math.floor(random() * most);
  const days: Step[][] = Array.from({ length: DAYS }, () => []);
  let count = 0;
  const add = (day: number, step: WithoutKey<Step>): void => {
    count += 1;
    days[day - 1]?.push({ ...step, key: `demo-${dayOf(day)}-${count}` } as Step);
  };

  const accounts = PEOPLE.flatMap(({ currency }, owner): Account[] => [
    {
      owner,
      name: 'Current account',
      currency,
      overdraftLimit: priced(50_000, currency),
      initialDeposit: priced(20_000 + below(80_000), currency),
    },
    {
      owner,
      name: 'Savings',
      currency,
      initialDeposit: priced(100_000 + below(400_000), currency),
    },
  ]);
  PEOPLE.forEach((_, person) => everydayLife(person, add, below));
  specialCases(add);
  return { accounts, days, steps: count };
}

const dayOf = (day: number): string => `${MONTH}-${String(day).padStart(2, '0')}`;

type Add = (day: number, step: WithoutKey<Step>) => void;

function everydayLife(person: number, add: Add, below: (most: number) => number): void {
  const { currency } = PEOPLE[person] as Person;
  const [account, savings] = [currentOf(person), savingsOf(person)];
  const amount = (euroCents: number): string => priced(euroCents, currency);
  const remark = (day: number, description: string): object => ({
    description,
    valueDate: dayOf(day),
  });
  const salary = amount(180_000 + below(220_000));
  const body = { amount: salary, reference: `SALARY-${MONTH}`, ...remark(1, 'Salary October') };
  add(1, { kind: 'deposits', account, body });
  const landlord = currentOf(PEOPLE.findLastIndex((one) => one.currency === currency));
  if (landlord !== account) {
    const rent = { amount: amount(60_000 + below(30_000)), ...remark(2, 'Rent') };
    add(2, { kind: 'transfer', account, to: landlord, body: rent });
  }
  const saved = { amount: amount(10_000 + below(10_000)), ...remark(3, 'For later') };
  add(3, { kind: 'transfer', account, to: savings, body: saved });
  for (let payment = 0; payment < 9; payment += 1) {
    const shop = below(SHOPS.length);
    const cents = 500 + below(7_500);
    const hold = { amount: amount(cents), description: SHOPS[shop] as string };
    const day = 4 + 3 * payment;
    const paid = { valueDate: dayOf(day), reference: `CARD-${MONTH}-${payment + 1}` };
    const partly = { ...paid, amount: amount(Math.floor((cents * 4) / 5)) };
    const fate = below(10);
    const ending = fate === 0 ? 'void' : fate < 4 ? partly : paid;
    add(day, { kind: 'hold', account, body: hold, ending });
  }
  const cash = { amount: amount(5_000), ...remark(10, 'Cash machine') };
  add(10, { kind: 'withdrawals', account, body: cash });
  const friends = PEOPLE.flatMap((one, at) => (one.currency === currency ? [at] : []));
  const friend = friends[below(friends.length)] as number;
  if (friend !== person) {
    const gift = { amount: amount(1_000 + below(4_000)), ...remark(20, 'Happy birthday') };
    add(20, { kind: 'transfer', account, to: currentOf(friend), body: gift });
  }
}

/** What a bank says no to, what it takes back, and what stays open at the end of the month. */
function specialCases(add: Add): void {
  PEOPLE.forEach(({ currency }, person) => {
    if (person % 4 !== 0) return;
    const body = { amount: priced(4_500_000, currency), description: 'A new car' };
    const account = currentOf(person);
    add(15, { kind: 'withdrawals', account, body, refused: 'insufficient-funds' });
  });
  const eur = (cents: number): string => priced(cents, (PEOPLE[0] as Person).currency);
  const [anna, jonas, jana] = [currentOf(0), currentOf(1), currentOf(8)];
  add(12, { kind: 'limits', account: jonas, body: { perWithdrawal: eur(50_000) } });
  const tv = { amount: eur(80_000), description: 'Television' };
  add(13, { kind: 'withdrawals', account: jonas, body: tv, refused: 'limit-exceeded' });
  const charged = { amount: eur(12_900), description: 'Charged twice by mistake' };
  add(14, { kind: 'mistake', account: anna, body: charged });
  const open = { amount: eur(15_000), description: 'Hotel, paid on departure' };
  add(29, { kind: 'hold', account: anna, body: open, ending: 'keep' });
  const gift = { amount: eur(1_000), description: 'To a friend abroad' };
  add(16, { kind: 'transfer', account: anna, to: jana, body: gift, refused: 'currency-mismatch' });
  add(16, { kind: 'transfer', account: anna, to: anna, body: gift, refused: 'same-account' });
  // It stays frozen, so that the refusal after it is a refusal in every further run too.
  const frozen = savingsOf(5);
  add(18, { kind: 'freeze', account: frozen, body: { reason: 'Card reported stolen' } });
  const bonus = { amount: eur(10_000), description: 'Bonus' };
  add(19, { kind: 'deposits', account: frozen, body: bonus, refused: 'account-frozen' });
}
