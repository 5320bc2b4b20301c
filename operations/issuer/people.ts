import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PERSON_ID_PATTERN } from '../../domain/ids.ts';
import { ROLES, type Role } from '../../contracts/access/principal.ts';
import { sameToken } from '../../platform/http/app-token.ts';
import { writePrivate } from '../../runtime/private-file.ts';

/** Roles that a person has; a service signs in by its own secret. */
const PEOPLE = ROLES.filter((role) => role !== 'service');
const PASSWORD_BYTES = 18;

const passwordsFile = z.record(z.string(), z.string());

/** Somebody who signs in: a role, and for a customer the person whose accounts those are. */
export interface Account {
  readonly role: Role;
  readonly person?: string;
}

/** The account of that id, `teller` or `customer/<person>`; undefined when it is none. */
export function accountOf(id: string): Account | undefined {
  const [name, person, ...more] = id.split('/');
  const role = PEOPLE.find((known) => known === name);
  if (role === undefined || more.length > 0) return undefined;
  if (person === undefined) return { role };
  return role === 'customer' && PERSON_ID_PATTERN.test(person) ? { role, person } : undefined;
}

/** One development user per role, with passwords that are made at the first start. */
export function people(folder: string) {
  const file = join(folder, 'passwords.json');
  if (!existsSync(file)) {
    const made = PEOPLE.map((role) => [role, randomBytes(PASSWORD_BYTES).toString('base64url')]);
    writePrivate(file, `${JSON.stringify(Object.fromEntries(made), null, 2)}\n`);
  }
  const passwords = passwordsFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  return {
    names: PEOPLE,
    file,
    /** The id of the account, when the password is the right one. */
    signIn(role: string, password: string, person: string): string | undefined {
      const id = person === '' ? role : `${role}/${person.toLowerCase()}`;
      const right = passwords[role];
      const isRight = right !== undefined && sameToken(right, password);
      return isRight && accountOf(id) !== undefined ? id : undefined;
    },
  };
}

export type People = ReturnType<typeof people>;
