import { command } from './command-line.ts';
import { startBank } from '../runtime/supervisor/bank.ts';
import type { Bank } from '../runtime/supervisor/bank.ts';
import { stopOnSignals } from '../runtime/supervisor/command.ts';
import { issuerOf } from '../runtime/programs/issuer.ts';
import { clock, runCommand } from '../runtime/progress.ts';
import { TLS_PORT_APART } from '../platform/http/public-listener.ts';

const TOKEN = '-H "Authorization: Bearer $TOKEN"';
const JSON_AND_TOKEN = `-H 'content-type: application/json' ${TOKEN}`;

const howToGetToken = ({ instance }: Bank): string => {
  const { isLocal, url } = issuerOf(instance);
  if (!isLocal) return `Access tokens are those of ${url}.`;
  const set = [
    instance.number === 0 ? '' : `CORE_BANK_INSTANCE=${instance.number} `,
    process.env['CORE_BANK_DATA'] === undefined ? '' : `CORE_BANK_DATA=${instance.dataDir} `,
  ];
  return `Every request needs a token: TOKEN=$(${set.join('')}npm run -s token -- teller)`;
};

/** Where clients come: with a certificate by TLS, 443 ports above the app's own. */
const forClients = (url: string): string =>
  process.env['TLS_CERT_FILE'] === undefined
    ? url
    : `https://localhost:${Number(new URL(url).port) + TLS_PORT_APART}`;

const welcome = (bank: Bank, elapsedMs: number): string => {
  const commands = forClients(bank.urls['core-bank-api'] ?? '');
  const queries = forClients(bank.urls['queries-bank-api'] ?? '');
  // By TLS, queries are passed on only where the names of the certificates are known.
  const forAll = process.env['TLS_CERT_FILE'] === undefined ? commands : queries;
  const state = bank.distrusted.length === 0 ? 'is open' : 'runs, but see below,';
  return `
The bank ${state} after ${clock(elapsedMs)}.
  API       ${commands}   (${commands}/docs)
  queries   ${queries}   (the same queries, one hop nearer)
  data      ${bank.instance.dataDir}
${[...bank.inspectors].map(([app, port]) => `  debugger  127.0.0.1:${port} (${app})\n`).join('')}
${howToGetToken(bank)}
Try it: register a person, open an account, then pay in.
  OWNER=$(curl -s ${commands}/v1/persons ${JSON_AND_TOKEN} \\
    -d '{"givenName":"Ada","familyName":"Novak"}' | sed 's/.*"personId":"\\([^"]*\\).*/\\1/')
  ACCOUNT=$(curl -s ${commands}/v1/accounts ${JSON_AND_TOKEN} \\
    -d "{\\"ownerId\\":\\"$OWNER\\",\\"currency\\":\\"EUR\\"}" \\
    | sed 's/.*"accountId":"\\([^"]*\\).*/\\1/')
  curl -s ${commands}/v1/accounts/$ACCOUNT/deposits ${JSON_AND_TOKEN} \\
    -d '{"amount":"125.50"}'
  curl -s "${forAll}/v1/accounts/$ACCOUNT/balance?minVersion=2" ${TOKEN}

Ctrl-C stops it. In another terminal: npm run status, npm run logs, npm run stop.
${bank.distrusted.map((sentence) => `${sentence}\n`).join('')}`;
};

runCommand(async () => {
  command('start', 'Starts the bank and keeps it running until Ctrl-C.').parse();
  const started = Date.now();
  const bank = await startBank({}, stopOnSignals);
  process.stdout.write(welcome(bank, Date.now() - started));
});
