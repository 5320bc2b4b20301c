import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROLES } from './principal.ts';
import { mayUse, SCOPES, scopesOf, type Scope } from './rules.ts';

const SCOPE_NAMES = Object.keys(SCOPES) as Scope[];
const root = process.env['CORE_BANK_HOME'] ?? process.cwd();

test('given docs/access.md, then its table has every scope and the roles that may have it', () => {
  const rows = readFileSync(join(root, 'docs', 'access.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| `[a-z]+:[a-z]+` \|/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const shown = rows.map(([, scope = '', , ...cells]) => [
    scope.replaceAll('`', ''),
    ROLES.filter((_role, at) => cells[at] === 'yes'),
  ]);
  const roles: Readonly<Record<string, readonly string[]>> = SCOPES;
  const wanted = SCOPE_NAMES.map((scope) => [
    scope,
    ROLES.filter((role) => roles[scope]?.includes(role)),
  ]);
  expect(shown).toEqual(wanted);
});

test('given a scope that no role of the token may have, then it gives no right', () => {
  const customer = {
    subject: 'c',
    client: 'app',
    roles: ['customer' as const],
    strength: 'single-factor' as const,
    scopes: [...SCOPE_NAMES],
    expires: 0,
  };
  const allowed = SCOPE_NAMES.filter((scope) => mayUse(customer, { scope, object: 'bank' }));
  expect(allowed).toEqual(scopesOf(['customer']));
  expect(allowed).not.toContain('cash:write');
});
