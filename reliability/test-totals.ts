/** What one stage of a test run came to. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
}

export const NOTHING: Totals = { passed: 0, failed: 0 };

export const add = (left: Totals, right: Totals): Totals => ({
  passed: left.passed + right.passed,
  failed: left.failed + right.failed,
});

const COUNTS = [
  'numPassedTests',
  'numFailedTests',
  'numPendingTests',
  'numTodoTests',
  'numRuntimeErrorTestSuites',
] as const;

/**
 * Reads what jest wrote with --json. A file that did not even load and a test that was skipped
 * count as failed: neither has proven anything.
 */
export function totalsOf(report: unknown): Totals {
  const counts = report as Partial<Record<(typeof COUNTS)[number], unknown>> | null;
  const read = (name: (typeof COUNTS)[number]): number => {
    const count = counts?.[name];
    if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
    throw new Error(`the jest report has no ${name}`);
  };
  const [passed = 0, ...notPassed] = COUNTS.map(read);
  return { passed, failed: notPassed.reduce((sum, count) => sum + count, 0) };
}

export interface Verdict {
  readonly ok: boolean;
  /** What a person should know beside the numbers. */
  readonly remarks: readonly string[];
  /** The last line of the run, alone. */
  readonly line: string;
}

/** A run that saw fewer tests than it has to see has failed, whatever those few said. */
export function verdictOf(totals: Totals, testsMin: number): Verdict {
  const seen = totals.passed + totals.failed;
  const remarks =
    seen >= testsMin ? [] : [`Only ${seen} tests ran, at least ${testsMin} were expected.`];
  return {
    ok: totals.failed === 0 && remarks.length === 0,
    remarks,
    line: `${totals.passed} passed, ${totals.failed} failed`,
  };
}
