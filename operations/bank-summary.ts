import { answer, connect } from '../client/bank-client.ts';
import { bankStatus, type BankStatus } from '../contracts/log/bank-status.ts';
import { bankAddresses } from './client/addresses.ts';
import { tokensFor } from './client/bearer.ts';

/** The bank gives each of its parts 10 s. */
const ANSWER_MS_MAX = 12_000;

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const behindOf = (what: string, lag: BankStatus['lag']['audit']): string =>
  lag === null ? `${what} unknown` : `${what} ${plural(lag.transactionsBehind, 'transaction')}`;

/** What the bank says of itself as a whole, a line each, and what may be done next. */
export function summaryOf(status: BankStatus, url: string): string[] {
  const { version, parts, lag, backlog, audit } = status;
  const down = parts.flatMap((part) => (part.status === 'down' ? [part.name] : []));
  const behind = [behindOf('audit', lag.audit), behindOf('balances', lag.balances)].join(', ');
  const waits =
    backlog === null
      ? 'No actor host says what waits.'
      : `${plural(backlog.waitingCommands, 'command')} and ` +
        `${plural(backlog.unconfirmedEvents, 'event')} wait at an actor host.`;
  return [
    `Core Bank ${version} at ${url} (${url}/docs).`,
    ...(down.length === 0 ? [] : [`Without an answer: ${down.join(', ')}.`]),
    `Audit: ${audit?.says ?? 'the log does not answer.'}`,
    `Behind the log: ${behind}. ${waits}`,
    ...(audit === null || audit.alarms === 0
      ? []
      : [
          `${plural(audit.alarms, 'alarm')}: "npm run audit" lists them, docs/operations.md helps.`,
        ]),
    audit?.verdict === 'nothing-checked'
      ? 'Next: "npm run demo" lives a month in it.'
      : 'Next: "npm run bank" to look around, "npm run backup -- DIR" to keep it.',
  ];
}

/** The lines of the bank that runs here; one line that says why when it does not answer. */
export async function tellBank(): Promise<string[]> {
  const { url } = bankAddresses(process.env);
  try {
    const bank = connect({ baseUrl: url, token: tokensFor(['auditor']), attempts: 1 });
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    return summaryOf(bankStatus.parse(await answer(bank.GET('/v1/status', { signal }))), url);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [`${url}/v1/status could not be read: ${why}`];
  }
}
