import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { projectRoot } from '../runtime/instance.ts';

const read = (...path: string[]): string => readFileSync(join(projectRoot(), ...path), 'utf8');
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
const { groups } = parse(read('operations', 'monitoring', 'alerts.yml')) as {
  groups: readonly { rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

test('each alert has a section of its name in the runbook, and none is left over', () => {
  const page = read('docs', 'operations.md');
  const sections = [...page.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
  expect(sections).toEqual(rules.map(({ alert }) => alert));
  expect(rules.length).toBeGreaterThan(10);
});

test.each(rules.map((rule) => [rule.alert, rule] as const))(
  '%s says who acts, on what',
  (name, rule) => {
    expect(rule.labels['severity']).toMatch(/^(page|ticket)$/);
    expect(rule.annotations['summary']).toMatch(/^.*[\w}]$/s);
    expect(rule.annotations['runbook']).toBe(`docs/operations.md#${name.toLowerCase()}`);
  },
);

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}
const { panels } = JSON.parse(read('operations', 'monitoring', 'dashboard.json')) as {
  panels: readonly Panel[];
};
const queries = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];
/** Where Prometheus' own grammar finds no sense in a query. */
function faultsOf(query: string): string[] {
  const faults: string[] = [];
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) faults.push(`at ${from}: ${query.slice(from, to)}`);
    },
  });
  return faults;
}

test.each(queries)('%s asks what Prometheus understands', (_title, query) => {
  expect(faultsOf(query)).toEqual([]);
});

test('a query that means nothing is found', () => {
  expect(faultsOf('sum by (le (rate(x[5m]))')).not.toEqual([]);
  expect(faultsOf('core_bank_alarms >')).not.toEqual([]);
});
