import { resolveInstance } from '../../runtime/instance.ts';
import { issuerOf, localTokens } from '../../runtime/programs/issuer.ts';
import { CannotRun } from '../../runtime/progress.ts';
import { existingSecrets } from '../../runtime/secrets.ts';

/** Gives the value of the header Authorization for the next request. */
export type Authorization = () => Promise<string>;

/**
 * Gives what CORE_BANK_TOKEN holds, else tokens of this instance's local issuer for these roles,
 * each until it is about to end. Throws CannotRun when there are neither.
 */
export function tokensFor(
  roles: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): () => Promise<string> {
  const given = env['CORE_BANK_TOKEN'] ?? '';
  if (given !== '') return () => Promise.resolve(given);
  const instance = resolveInstance();
  const issuer = issuerOf(instance, env);
  if (!issuer.isLocal) {
    throw new CannotRun(
      `The bank takes tokens of ${issuer.url}: set CORE_BANK_TOKEN to one for ${roles.join(', ')}.`,
    );
  }
  const token = localTokens(instance, () => existingSecrets(instance.dataDir));
  return () => token(roles);
}

/** The same, as the value of that header. */
export function authorizationFor(roles: readonly string[], env?: NodeJS.ProcessEnv): Authorization {
  const token = tokensFor(roles, env);
  return async () => `Bearer ${await token()}`;
}
