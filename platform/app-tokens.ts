import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const secretsFile = z.looseObject({ tokenSeed: z.string(), sharedAppToken: z.string() });

/**
 * The tokens that an app of this bank may expect from callers, the likeliest first: the one in the
 * environment, else, from the secrets of the data folder, the one that `npm start` derives for the
 * app and the one that `dapr run` gives to all apps (runtime/environment.ts).
 * @throws Error when neither the environment nor the data folder has one.
 */
export function appTokens(appId: string, environment: NodeJS.ProcessEnv = process.env): string[] {
  const named = environment['APP_API_TOKEN'];
  if (named !== undefined) return [named];
  const instance = environment['CORE_BANK_INSTANCE'] ?? '0';
  const home = environment['CORE_BANK_HOME'] ?? process.cwd();
  const folder = environment['CORE_BANK_DATA'] ?? join(home, '.data', instance);
  const text = readFileSync(join(folder, 'secrets.json'), 'utf8');
  const { tokenSeed, sharedAppToken } = secretsFile.parse(JSON.parse(text));
  const derived = createHmac('sha256', tokenSeed).update(`app/${appId}`).digest('base64url');
  return [derived, sharedAppToken];
}
