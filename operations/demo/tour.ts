import { currentOf, savingsOf } from './month.ts';

/** Which addresses and accounts the tour shows. */
export interface TourPlaces {
  readonly url: string;
  readonly accountIds: readonly string[];
}

/** What each line sends to say who it is. */
const AUTHORIZED = '-H "Authorization: Bearer $TOKEN"';

/** The lines worth trying, with the ids of this bank. */
export function tourOf({ url, accountIds }: TourPlaces): string[] {
  const account = (at: number): string => `/v1/accounts/${accountIds[at]}`;
  const [anna, jonas, jana] = [currentOf(0), currentOf(1), currentOf(8)].map(account);
  const frozen = account(savingsOf(5));
  const legs = JSON.stringify({
    fromAccountId: accountIds[currentOf(0)],
    toAccountId: accountIds[currentOf(1)],
    amount: '25.00',
  });
  const get = (path: string): string => `curl -s ${AUTHORIZED} "${url}${path}"`;
  const post = (path: string, body: string): string =>
    `curl -s ${AUTHORIZED} "${url}${path}" -H 'content-type: application/json' -d '${body}'`;
  const today = new Date().toISOString().slice(0, 10);
  const sights: readonly (readonly [string, ...string[]])[] = [
    ["Anna's account: a hotel is still held, so less is available than she has", get(`${anna}`)],
    ['What happened to it, newest first', get(`${anna}/history?limit=5`)],
    ['Only what a card took', get(`${anna}/history?type=hold-captured&limit=5`)],
    ['Only money that came in', get(`${anna}/history?direction=credit`)],
    ['Transfers, each with the other account', get(`${anna}/history?type=transfer-sent&limit=3`)],
    ['The persons of the bank', get('/v1/persons?limit=3')],
    ['The mistake and its reversal', get(`${anna}/history?type=movement-reversed`)],
    ['The same from the log that nobody can rewrite', get(`${anna}/events?limit=3`)],
    ['Her balance after the third event, from the log', get(`${anna}/balance?version=3`)],
    [
      'Her statement of today, as a PDF and as camt.053 (docs/statements.md)',
      `${get(`${anna}/statements?from=${today}&to=${today}&format=pdf`)} -o statement.pdf`,
      get(`${anna}/statements?from=${today}&to=${today}&format=camt.053`),
    ],
    ["Jana's account in crowns", get(`${jana}/balance`)],
    ['Yen have no decimals', get(`${account(currentOf(15))}/balance`)],
    ['Dinars have three', get(`${account(currentOf(18))}/balance`)],
    [
      'Too much: the answer says what is missing',
      post(`${jana}/withdrawals`, '{"amount":"9999999.00"}'),
    ],
    ['Above a limit of the account', post(`${jonas}/withdrawals`, '{"amount":"800.00"}')],
    ['A transfer to Jonas: both outcomes in one answer', post('/v1/transfers', legs)],
    ['A frozen account', post(`${frozen}/deposits`, '{"amount":"1.00"}')],
    [
      'Would it work? Nothing is written',
      post(`${anna}/withdrawals?dryRun=true`, '{"amount":"20.00"}'),
    ],
    [
      'Live: the first line in one terminal, the second in another (docs/live-events.md)',
      `curl -sN ${AUTHORIZED} "${url}${anna}/events/stream"`,
      post(`${anna}/deposits`, '{"amount":"5.00"}'),
    ],
  ];
  return [
    '',
    '# A token, which is taken for 15 minutes',
    'TOKEN=$(npm run -s token -- teller)',
    ...sights.flatMap(([title, ...lines]) => ['', `# ${title}`, ...lines]),
    '',
    `All of it, documented: ${url}/docs`,
  ];
}
