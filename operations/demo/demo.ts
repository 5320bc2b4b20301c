import { runCommand } from '../../runtime/progress.ts';
import { command } from '../command-line.ts';
import { bankAddresses, requireBank, withAddresses } from '../client/addresses.ts';
import { authorizationFor } from '../client/bearer.ts';
import { httpClient } from '../client/http-client.ts';
import { progressBar } from '../../platform/progress-bar.ts';
import { fill } from './fill.ts';
import { demoMonth, PEOPLE } from './month.ts';
import { tourOf } from './tour.ts';

const CONNECTIONS_MAX = 8;
const PATIENCE_MS = 30_000;
const FAULTS_SHOWN_MAX = 10;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `npm run demo`: a month of twenty persons, and a tour of what there is to see. */
runCommand(async () => {
  const made = command('demo', 'Fills a small bank through its API; again, it changes nothing.');
  const { url, queryUrl } = bankAddresses(process.env, withAddresses(made).parse().opts());
  const client = httpClient({
    connectionsMax: CONNECTIONS_MAX,
    patienceMs: PATIENCE_MS,
    authorization: authorizationFor(['teller', 'operator']),
  });
  await requireBank(client, [url, queryUrl]);
  const month = demoMonth();
  say(`${PEOPLE.length} persons, ${month.accounts.length} accounts, a month, through ${url}`);
  const bar = progressBar('demo data', 'steps');
  let steps = 0;
  const advance = (): void => bar.at((steps += 1), month.steps);
  const filled = await fill(month, { url, client, advance });
  bar.end();
  client.close();
  const { executed, replayed, refused, faults } = filled;
  say(`${executed} commands executed, ${replayed} had been executed by an earlier run,`);
  say(`${refused} refused, as they should be.`);
  for (const fault of faults.slice(0, FAULTS_SHOWN_MAX)) say(`Not as planned: ${fault}`);
  if (faults.length > 0) say(`${faults.length} answers were not as planned.`);
  process.exitCode = faults.length === 0 ? 0 : 1;
  for (const line of tourOf({ url, accountIds: filled.accountIds })) say(line);
});
