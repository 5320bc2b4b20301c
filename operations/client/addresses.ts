import type { Command, OptionValues } from '@commander-js/extra-typings';
import { PORTS_PER_INSTANCE } from '../../runtime/instance.ts';
import { CannotRun } from '../../runtime/progress.ts';
import type { HttpClient } from './http-client.ts';

const COMMANDS_PORT = 3_000;
const QUERIES_PORT = 3_001;

export interface BankAddresses {
  /** The command API. */
  readonly url: string;
  readonly queryUrl: string;
}

/** Adds the options that name another bank than that of this checkout's instance. */
export const withAddresses = <Args extends unknown[], Opts extends OptionValues>(
  made: Command<Args, Opts>,
) =>
  made
    .option('--url <url>', "the command API, by default that of this checkout's instance")
    .option('--query-url <url>', 'the query API, likewise');

/** Where the APIs of this checkout's instance are, unless others are given. */
export function bankAddresses(
  env: Readonly<Record<string, string | undefined>>,
  given: { readonly url?: string | undefined; readonly queryUrl?: string | undefined } = {},
): BankAddresses {
  const moved = Number(env['CORE_BANK_INSTANCE'] ?? 0) * PORTS_PER_INSTANCE;
  const address = (url: string | undefined, port: number): string =>
    (url ?? `http://127.0.0.1:${port + moved}`).replace(/\/+$/, '');
  return {
    url: address(given.url, COMMANDS_PORT),
    queryUrl: address(given.queryUrl, QUERIES_PORT),
  };
}

/** Refuses with a remedy when no bank answers there. */
export async function requireBank(client: HttpClient, urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    const call = { method: 'GET', url: `${url}/health/live` } as const;
    const answer = await client.once(call).catch(() => undefined);
    if (answer?.status === 200) continue;
    throw new CannotRun(`No bank answers at ${url}: start one with "npm start", or give --url.`);
  }
}
