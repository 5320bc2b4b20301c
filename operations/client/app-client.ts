import { appTokens } from '../../platform/app-tokens.ts';
import type { ServiceInvoker } from '../../platform/service-client.ts';
import { resolveInstance } from '../../runtime/instance.ts';
import { LOOPBACK } from '../../runtime/ports.ts';
import { readDaprYaml } from '../../runtime/programs/dapr-yaml.ts';
import { CannotRun } from '../../runtime/progress.ts';

const ANSWER_MS_MAX = 30_000;

/** Where an app answers, and the tokens that it may want to see, likeliest first. */
export interface AppAddress {
  readonly url: string;
  readonly tokens: readonly string[];
}

/** That app of the instance CORE_BANK_INSTANCE, by its id. Throws CannotRun when there is none. */
export function appAddress(id: string): AppAddress {
  const { number, root } = resolveInstance();
  const app = readDaprYaml(root, number).find(({ appID }) => appID === id);
  if (app === undefined) throw new CannotRun(`dapr.yaml has no app ${id}.`);
  return { url: `http://${LOOPBACK}:${app.appPort}`, tokens: appTokens(id) };
}

/** Calls apps themselves, past every sidecar. What is not answered with 200 throws CannotRun. */
export const appClient = (addressOf: (app: string) => AppAddress): ServiceInvoker => ({
  async invokeService(app, method, path, body) {
    const { url, tokens } = addressOf(app);
    for (const token of tokens) {
      const answer = await fetch(`${url}/${path}`, {
        method,
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
        headers: { 'dapr-api-token': token, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).catch((cause: unknown) => {
        throw new CannotRun(`No ${app} answers at ${url}: start the bank with "npm start".`, {
          cause,
        });
      });
      if (answer.status === 401) continue;
      if (answer.ok) return { status: answer.status, body: await answer.json() };
      throw new CannotRun(`${app} cannot answer now (${answer.status}): ${await answer.text()}`);
    }
    throw new CannotRun(
      `${app} at ${url} takes no token of this data folder: ` +
        'does CORE_BANK_DATA name that of another bank?',
    );
  },
});
