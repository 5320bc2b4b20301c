import { currencyText } from '../../contracts/http/scalars.ts';

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
