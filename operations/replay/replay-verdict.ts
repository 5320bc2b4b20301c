import type { Audit } from './auditor.ts';
import type { Driven } from './driver.ts';
import type { ExpectedAccount } from './expected-accounts.ts';

export interface Replayed {
  readonly accounts: readonly ExpectedAccount[];
  readonly driven: Driven;
  readonly audit: Audit;
  readonly retries: number;
  readonly driveMs: number;
  readonly auditMs: number;
}

export interface Verdict {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

const DIFFERENCES_SHOWN_MAX = 20;

const count = (value: number): string => value.toLocaleString('en');

/** Comparing less than the file holds is a difference too: it would prove nothing. */
function shortfalls({ accounts, audit }: Replayed): string[] {
  const lines = accounts.reduce((sum, account) => sum + account.lines.length, 0);
  const wanted = [
    ['balances', audit.balances, accounts.length],
    ['history lines', audit.historyLines, lines],
    ['log lines', audit.logLines, lines],
  ] as const;
  return wanted
    .filter(([, seen, total]) => seen < total)
    .map(([what, seen, total]) => `only ${count(seen)} of ${count(total)} ${what} were compared`);
}

/** What a replay came to, for people and for the exit code. */
export function verdictOf(replayed: Replayed): Verdict {
  const { accounts, driven, audit, retries, driveMs, auditMs } = replayed;
  const rows = accounts.reduce((sum, account) => sum + account.transactions.length, 0);
  const differences = [...driven.differences, ...audit.differences, ...shortfalls(replayed)];
  const shown = differences.slice(0, DIFFERENCES_SHOWN_MAX).map((text) => `  ${text}`);
  const hidden = differences.length - shown.length;
  const commands = rows + accounts.length;
  const seconds = (driveMs / 1_000).toFixed(1);
  const rate = count(Math.round((commands * 1_000) / Math.max(driveMs, 1)));
  return {
    ok: differences.length === 0,
    lines: [
      ...shown,
      ...(hidden > 0 ? [`  and ${count(hidden)} more`] : []),
      `driven    ${count(rows)} rows, ${count(accounts.length)} accounts opened, ${seconds} s, ` +
        `${rate} commands/s (${count(driven.replayed)} done before, ${count(retries)} retries)`,
      `compared  ${count(audit.balances)} balances, ${count(audit.historyLines)} history lines, ` +
        `${count(audit.logLines)} log lines, ${(auditMs / 1_000).toFixed(1)} s`,
      `verdict   ${count(rows)} rows, ${count(accounts.length)} accounts, ` +
        `${count(differences.length)} differences`,
    ],
  };
}
