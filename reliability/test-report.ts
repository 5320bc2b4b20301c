import { z } from 'zod';

/** What a stage came to. One that has no tests of its own counts only when it fails. */
export interface Totals {
  readonly passed: number;
  /** What failed, a line each, for the end of the run: nobody finds them in 20,000 lines. */
  readonly failures: readonly string[];
  /** What failed and then passed alone. */
  readonly unsteady?: readonly string[];
}

const jestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['passed', 'failed', 'focused', 'pending', 'skipped']),
      message: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.enum(['passed', 'failed', 'pending', 'skipped', 'todo', 'disabled', 'focused']),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});
export type TestFile = z.infer<typeof jestReport>['testResults'][number];

const LINE_MAX = 300;
const COLOURS = new RegExp(`${String.fromCodePoint(27)}\\[[\\d;]*m`, 'g');
const lineOf = (text: string): string =>
  text.replaceAll(COLOURS, '').replaceAll(/\s+/g, ' ').trim().slice(0, LINE_MAX);

/** The files that jest reported with --json. */
export const readReport = (report: unknown): TestFile[] => jestReport.parse(report).testResults;

/** A file that did not even load, or that fails after its last test, has one failure more. */
function failuresOf(file: TestFile, isByName: boolean): string[] {
  const isBad = ({ status }: TestFile['assertionResults'][number]): boolean =>
    status === 'failed' || (status !== 'passed' && !isByName);
  const failed = file.assertionResults.filter((test) => isBad(test));
  const lines = failed.map((test) =>
    lineOf(`${file.name}: ${test.fullName}: ${test.failureMessages?.[0] ?? test.status}`),
  );
  if (file.status !== 'failed' || lines.length > 0) return lines;
  return [lineOf(`${file.name}: ${file.message}`)];
}

/**
 * A test that was skipped counts as failed: it has not proven anything. But when tests are chosen
 * by name, jest says of all others that they were skipped. `wrong` is what failed besides.
 */
export function totalsOf(
  files: readonly TestFile[],
  { isByName = false, wrong = [] }: { isByName?: boolean; wrong?: readonly string[] } = {},
): Totals {
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  return { passed, failures: [...files.flatMap((file) => failuresOf(file, isByName)), ...wrong] };
}

/** Paths of the files in which something failed. */
export const failedFiles = (files: readonly TestFile[]): string[] =>
  files.filter((file) => failuresOf(file, false).length > 0).map(({ name }) => name);
