import { add, NOTHING, totalsOf, verdictOf } from './test-totals.ts';

const report = {
  numPassedTests: 7,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

test('passed tests are counted as passed', () => {
  expect(totalsOf(report)).toEqual({ passed: 7, failed: 0 });
});

test('failed, skipped and planned tests and files that did not load count as failed', () => {
  const bad = {
    ...report,
    numFailedTests: 1,
    numPendingTests: 2,
    numTodoTests: 4,
    numRuntimeErrorTestSuites: 8,
  };
  expect(totalsOf(bad)).toEqual({ passed: 7, failed: 15 });
});

test.each([null, {}, { ...report, numFailedTests: 'none' }, { ...report, numPassedTests: -1 }])(
  'a report without the counts is refused (%j)',
  (broken) => {
    expect(() => totalsOf(broken)).toThrow('the jest report has no');
  },
);

test('the last line holds the sums alone', () => {
  const totals = add(add(NOTHING, { passed: 3, failed: 1 }), { passed: 4, failed: 0 });
  expect(verdictOf(totals, 1)).toEqual({ ok: false, remarks: [], line: '7 passed, 1 failed' });
});

test('a run that saw too few tests has failed', () => {
  expect(verdictOf({ passed: 9, failed: 0 }, 10)).toMatchObject({ ok: false });
  expect(verdictOf({ passed: 9, failed: 0 }, 10).remarks).toHaveLength(1);
  expect(verdictOf({ passed: 10, failed: 0 }, 10)).toMatchObject({ ok: true, remarks: [] });
});
