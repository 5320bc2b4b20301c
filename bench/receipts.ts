import { receiptFault, readReceipt } from '../proofs/receipt.ts';
import { readPublicKey } from '../proofs/signed-state.ts';
import { isFault } from '../proofs/proof-fault.ts';
import { once } from './connection.ts';
import { latenciesOf, type Latencies } from './report/latencies.ts';
import { command, pick } from './loads.ts';
import { openLoop, type OpenLoopResult } from './open-loop.ts';

export interface Receipts {
  /** Receipts that were asked for by the clock, counted from the time at which each was due. */
  readonly given: OpenLoopResult;
  readonly perSecond: number;
  /** Commands by the clock at the same time. */
  readonly commandsPerSecond: number;
  readonly commands: OpenLoopResult;
  /** Checking a receipt without the bank. */
  readonly checked: Latencies;
}

export interface ReceiptOptions {
  readonly url: string;
  readonly queryUrl: string;
  readonly accounts: readonly string[];
  /** An account with many events, most of them in large transactions. */
  readonly hot: string;
  readonly durationMs: number;
}

const RECEIPTS_PER_SECOND = 100;
const COMMANDS_PER_SECOND = 100;
const CHECKED_MAX = 1_000;

const get = <T>(url: string, path: string): Promise<T> =>
  once<T>(url, { method: 'GET', path }, 200);

/** Asks for receipts of old and new events alongside a steady rate of commands, and checks them. */
export async function measureReceipts(options: ReceiptOptions): Promise<Receipts> {
  const { url, queryUrl, accounts, hot, durationMs } = options;
  const { version } = await get<{ version: number }>(queryUrl, `/v1/accounts/${hot}`);
  const { publicKey } = await get<{ publicKey: string }>(queryUrl, '/v1/audit/public-key');
  const texts: string[] = [];
  let isHot = false;
  const [given, commands] = await Promise.all([
    openLoop({
      url: queryUrl,
      perSecond: RECEIPTS_PER_SECOND,
      durationMs,
      status: 200,
      next: () => {
        isHot = !isHot;
        const [account, at] = isHot
          ? [hot, 1 + Math.floor(Math.random() * version)]
          : [pick(accounts), 1];
        return { method: 'GET', path: `/v1/accounts/${account}/events/${at}/receipt` };
      },
      onReply: ({ text }) => {
        if (texts.length < CHECKED_MAX) texts.push(text);
      },
    }),
    openLoop({
      url,
      perSecond: COMMANDS_PER_SECOND,
      durationMs,
      status: 201,
      next: () => command(pick(accounts)),
    }),
  ]);
  return {
    given,
    commands,
    checked: checkAll(texts, publicKey),
    perSecond: RECEIPTS_PER_SECOND,
    commandsPerSecond: COMMANDS_PER_SECOND,
  };
}

function checkAll(texts: readonly string[], publicKey: string): Latencies {
  const key = readPublicKey(publicKey);
  const durations = texts.map((text) => {
    const began = performance.now();
    const receipt = readReceipt(JSON.parse(text));
    const fault = isFault(receipt) ? receipt : receiptFault(receipt, key);
    if (fault !== undefined) throw new Error(`a receipt is not valid: ${fault.detail}`);
    return performance.now() - began;
  });
  if (durations.length === 0) throw new Error('not one receipt was given');
  return latenciesOf(durations);
}
