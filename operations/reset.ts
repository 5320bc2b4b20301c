import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { command } from './command-line.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { isAlive, readProcessTable } from '../runtime/supervisor/process-table.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { KEY_OWNERS, publicKeyFile, signingKeyFile } from '../runtime/signing-keys.ts';

/** Only what the runtime made is removed, so a wrong CORE_BANK_DATA costs no other files. */
const OWN = [
  'postgres',
  'postgres.unfinished',
  'postgres-password',
  'postgres-accounts',
  'postgres-earlier-password',
  'nats',
  'immudb',
  'ferretdb',
  'scheduler',
  'dapr',
  'logs',
  'event-source',
  'trust',
  'audit',
  'access',
  'format',
  ...KEY_OWNERS.flatMap((owner) => [
    signingKeyFile('', owner),
    `${signingKeyFile('', owner)}.next`,
    publicKeyFile('', owner),
  ]),
  'secrets.json',
  'env.sh',
  'dapr.yaml',
  'names',
  'programs',
  'supervisor',
  'mesh',
  'issuer',
  'operator',
  'message-producers.json',
  'message-producer-key.json',
  'key-ring.json',
  'running.json',
  'supervisor.lock',
];

/** What a restore put out of its way keeps its name in front of this. */
const SET_ASIDE = /\.before-\d+$/;

const isAgreed = async (dataDir: string): Promise<boolean> => {
  if (!process.stdin.isTTY) {
    throw new CannotRun('Without a terminal nobody can be asked: run "npm run reset -- --yes".');
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const question = `Remove every account, event and log in ${dataDir}? Type "yes": `;
  const answer = await terminal.question(question);
  terminal.close();
  return answer.trim() === 'yes';
};

runCommand(async () => {
  const { yes = false } = command('reset', 'Removes every account, event and log, after asking.')
    .option('--yes', 'asks nothing')
    .parse()
    .opts();
  const { dataDir } = resolveInstance();
  const table = readProcessTable(dataDir);
  if (table !== undefined && [table.supervisor, ...table.programs].some(isAlive)) {
    throw new CannotRun('The bank runs: stop it with "npm run stop" before you reset it.');
  }
  if (!existsSync(dataDir)) {
    process.stdout.write('There is nothing to remove.\n');
    return;
  }
  if (!yes && !(await isAgreed(dataDir))) {
    process.stdout.write('Nothing was removed.\n');
    return;
  }
  for (const name of readdirSync(dataDir)) {
    if (!OWN.includes(name.replace(SET_ASIDE, ''))) continue;
    rmSync(join(dataDir, name), { recursive: true, force: true });
  }
  process.stdout.write(`Emptied ${dataDir}.\n`);
});
