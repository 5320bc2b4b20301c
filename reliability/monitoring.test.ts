import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
