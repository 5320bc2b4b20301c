import { ROLES, type ActedBy, type Principal, type Role } from './principal.ts';

/**
 * Every right, and the roles that can have it. Who holds a token needs both: the scope in the token
 * and a role here that allows it, so that no issuer hands a customer the rights of a teller.
 */
export const SCOPES = {
  'accounts:read': ['customer', 'teller', 'operator', 'auditor', 'service'],
  'accounts:open': ['teller', 'service'],
  'accounts:manage': ['teller', 'operator', 'service'],
  'accounts:restrict': ['operator'],
  'cash:write': ['teller', 'service'],
  'holds:write': ['teller', 'service'],
  'transfers:write': ['customer', 'teller', 'service'],
  'reversals:write': ['operator'],
  'batches:write': ['teller', 'operator', 'service'],
  'persons:read': ['customer', 'teller', 'operator', 'privacy-officer', 'service'],
  'persons:list': ['teller', 'operator', 'privacy-officer', 'service'],
  'persons:write': ['teller', 'privacy-officer', 'service'],
  'persons:erase': ['privacy-officer'],
  'approvals:read': ['teller', 'operator', 'auditor', 'privacy-officer'],
  'approvals:write': ['teller', 'operator', 'privacy-officer'],
  'proofs:read': ROLES,
  'audit:read': ['auditor', 'operator', 'teller', 'service'],
  'audit:log': ['auditor'],
  'audit:access': ['auditor', 'privacy-officer'],
} as const satisfies Readonly<Record<string, readonly Role[]>>;
export type Scope = keyof typeof SCOPES;

/**
 * What of the bank an operation is about. A customer may use it only for what is theirs, which is
 * decided where it is known: at the actor for commands, at the read side for queries.
 */
const OBJECTS = [
  'account',
  'transfer',
  'transaction',
  'person',
  'command',
  'accounts',
  'bank',
] as const;

/** Who may use an operation. */
export interface Access {
  readonly scope: Scope;
  /** `accounts`: any accounts, named in the body or the query; `bank`: nothing of one customer. */
  readonly object: (typeof OBJECTS)[number];
}

/** The scopes that the roles can have. */
export const scopesOf = (roles: readonly Role[]): Scope[] =>
  (Object.keys(SCOPES) as Scope[]).filter((scope) => isAllowed(scope, roles));

const isAllowed = (scope: Scope, roles: readonly Role[]): boolean =>
  (SCOPES[scope] as readonly Role[]).some((role) => roles.includes(role));

/** Whether the principal has the right that the operation asks for, whatever it is about. */
export const mayUse = ({ scopes, roles }: Principal, { scope }: Access): boolean =>
  scopes.includes(scope) && isAllowed(scope, roles);

/** Roles that stand for a person of the bank's staff. */
const STAFF: readonly Role[] = ['teller', 'operator', 'privacy-officer'];

/** Whether these roles allow to see what waits for an approval: who may approve, and auditors. */
export const maySeeApproval = (roles: readonly Role[], scope: Scope): boolean =>
  roles.includes('auditor') || mayActAsStaff(roles, scope);

const mayActAsStaff = (roles: readonly Role[], scope: Scope): boolean =>
  STAFF.some((role) => roles.includes(role) && isAllowed(scope, [role]));

/**
 * Why somebody may not decide about what another one asked for; undefined when they may. They need
 * a role of the staff that could do the act itself (`scope` is what that needs), must be a person
 * and no system, and another one than who asked, whatever client or name either of them uses.
 */
export function whyNotDecide(
  asked: ActedBy,
  decides: ActedBy,
  scope: Scope,
): 'forbidden' | 'same-person' | undefined {
  if (decides.strength === 'client' || !mayActAsStaff(decides.roles, scope)) return 'forbidden';
  const names = [decides.subject, decides.onBehalfOf];
  const isSame = [asked.subject, asked.onBehalfOf].some(
    (name) => name !== undefined && names.includes(name),
  );
  return isSame ? 'same-person' : undefined;
}
