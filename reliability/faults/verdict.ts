import {
  decodeEvent,
  loggedEventSchema,
  type LoggedEvent,
  madeByCommand,
} from '../../contracts/account/events.ts';
import { createLedgerCheck, type OpenTransfer } from '../../domain/invariants.ts';
import { readAmount } from '../../domain/money.ts';
import type { Attempt } from './load.ts';
import { bankFetch } from './bank-fetch.ts';

export interface AccountView {
  readonly accountId: string;
  /** From the log, oldest first, and where they stand in it. */
  readonly events: readonly LoggedEvent[];
  readonly positions: readonly number[];
  /** From the query API. */
  readonly balance: { readonly version: number; readonly ledger: string };
  readonly historyVersions: readonly number[];
}

/** Reads an account from the log and from the read side through the query API. */
export async function viewOf(queryUrl: string, accountId: string): Promise<AccountView> {
  const base = `${queryUrl}/v1/accounts/${accountId}`;
  const events: LoggedEvent[] = [];
  const positions: number[] = [];
  for (;;) {
    const page = await get(`${base}/events?fromVersion=${events.length + 1}&limit=100`);
    const items = page['items'] as Record<string, unknown>[];
    for (const { position, ...event } of items) {
      events.push(loggedEventSchema.parse(event));
      positions.push(Number(position));
    }
    if (items.length < 100) break;
  }
  const balance = (await get(`${base}/balance?minVersion=${events.length}`)) as never;
  const historyVersions: number[] = [];
  for (let cursor = ''; ;) {
    const page = await get(`${base}/history?limit=100${cursor}`);
    historyVersions.push(...(page['items'] as { version: number }[]).map(({ version }) => version));
    if (typeof page['nextCursor'] !== 'string') break;
    cursor = `&cursor=${encodeURIComponent(page['nextCursor'])}`;
  }
  return { accountId, events, positions, balance, historyVersions };
}

async function get(url: string): Promise<Record<string, unknown>> {
  const response = await bankFetch(url, { signal: AbortSignal.timeout(10_000) });
  if (response.status !== 200)
    throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

/** I4, I5 and I6: what the clients were answered, compared with what the log has. */
export function clientViolations(
  attempts: readonly Attempt[],
  views: readonly AccountView[],
): string[] {
  const byKey = new Map<string, LoggedEvent[]>();
  for (const { events } of views) {
    for (const event of events) {
      byKey.set(event.commandId, [...(byKey.get(event.commandId) ?? []), event]);
    }
  }
  const executed = new Set(
    attempts.filter(({ state }) => state !== 'refused').map(({ key }) => key),
  );
  return attempts.flatMap((attempt): string[] => {
    const logged = byKey.get(attempt.key) ?? [];
    const about = `${attempt.key} (${attempt.type} ${attempt.amount})`;
    if (logged.length > 1) return [`${about} is in the log ${logged.length} times`];
    const [event] = logged;
    switch (attempt.state) {
      case 'acknowledged':
        if (event === undefined) return [`${about} was acknowledged, but is not in the log`];
        if (event.version !== attempt.version) return [`${about} is at another version`];
        return 'amount' in event.data && event.data.amount === attempt.amount
          ? []
          : [`${about} has another amount in the log`];
      case 'refused': {
        const { code, type, key, detail = '' } = attempt;
        if (type !== 'withdrawals' || code !== 'insufficient-funds') {
          return [`${about} was refused: ${attempt.status} ${code}, which cannot be: ${detail}`];
        }
        // Sent again with more money on the account, it may be executed.
        const isSound = event === undefined || executed.has(key);
        return isSound ? [] : [`${about} was refused, but is in the log`];
      }
      case 'unknown':
        return [];
    }
  });
}

export interface BankVerdict {
  readonly steps: number;
  readonly found: string[];
  /** Not wrong yet, but wrong when it stays so. */
  readonly openTransfers: readonly OpenTransfer[];
  /** What is in flight, of each currency that has any. */
  readonly inFlight: readonly bigint[];
}

/** I1, I2, I3, I6, I8 and I9: what the log says of itself, and the read side against the log. */
export function bankViolations(views: readonly AccountView[]): BankVerdict {
  const check = createLedgerCheck();
  const found: string[] = [];
  for (const { accountId, logged } of inLogOrder(views)) {
    const ledgerAfter = readAmount(logged.data.balance.ledger, logged.data.currency);
    const { version, commandId, data } = logged;
    const made = { joint: madeByCommand(logged), currency: data.currency };
    const step = {
      accountId,
      version,
      commandId,
      event: decodeEvent(logged),
      ...made,
      ledgerAfter,
    };
    for (const violation of check.observe(step)) {
      found.push(`${violation.invariant} of ${accountId} at ${version}: ${violation.detail}`);
    }
  }
  for (const { accountId, events, balance, historyVersions } of views) {
    const last = events.at(-1);
    if (last === undefined) continue;
    if (balance.version !== last.version || balance.ledger !== last.data.balance.ledger) {
      found.push(
        `the balance of ${accountId} is ${JSON.stringify(balance)}, the log says ${last.version}`,
      );
    }
    const expected = events.map(({ version }) => version).reverse();
    if (JSON.stringify(historyVersions) !== JSON.stringify(expected)) {
      found.push(
        `the history of ${accountId} has ${historyVersions.length} of ${events.length} entries`,
      );
    }
  }
  const inFlight = [...check.totals().values()].map((total) => total.inFlight as bigint);
  return {
    steps: check.steps(),
    found,
    openTransfers: check.openTransfers(),
    inFlight: inFlight.filter((units) => units !== 0n),
  };
}

const inLogOrder = (views: readonly AccountView[]) =>
  views
    .flatMap(({ accountId, events, positions }) =>
      events.map((logged, at) => ({ accountId, logged, position: positions[at] ?? 0 })),
    )
    .sort((one, other) => one.position - other.position);

/** I7: what was acknowledged before another was sent has the lower version. */
export function orderViolations(attempts: readonly Attempt[]): string[] {
  const perAccount = new Map<string, Attempt[]>();
  const firstSent = new Map<string, number>();
  const seen = new Set<string>();
  for (const attempt of attempts) {
    // A retry may find what its first try did, so what counts is when that was sent.
    const sentMs = firstSent.get(attempt.key) ?? attempt.sentMs;
    firstSent.set(attempt.key, sentMs);
    if (attempt.state !== 'acknowledged' || seen.has(attempt.key)) continue;
    seen.add(attempt.key);
    const acked = perAccount.get(attempt.accountId) ?? [];
    perAccount.set(attempt.accountId, [...acked, { ...attempt, sentMs }]);
  }
  return [...perAccount.values()].flatMap((acked) => {
    const bySent = [...acked].sort((left, right) => left.sentMs - right.sentMs);
    const byDone = [...acked].sort((left, right) => (left.doneMs ?? 0) - (right.doneMs ?? 0));
    const found: string[] = [];
    let highest = 0;
    let done = 0;
    for (const attempt of bySent) {
      for (; (byDone[done]?.doneMs ?? Infinity) < attempt.sentMs; done += 1) {
        highest = Math.max(highest, byDone[done]?.version ?? 0);
      }
      if ((attempt.version ?? 0) <= highest) found.push(`${attempt.key} came after ${highest}`);
    }
    return found;
  });
}
