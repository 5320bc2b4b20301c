import { command } from './command-line.ts';
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { startBank } from '../runtime/supervisor/bank.ts';
import type { Bank } from '../runtime/supervisor/bank.ts';
import { stopOnSignals } from '../runtime/supervisor/command.ts';
import { renderDaprYaml, sidecarFlags } from '../runtime/programs/dapr-yaml.ts';
import {
  appEnvironmentWithSecrets,
  shellEnvironment,
  sidecarEnvironment,
  type Environment,
} from '../runtime/environment.ts';
import { fileOf } from '../runtime/programs/infrastructure.ts';
import { shareWithApp } from '../runtime/programs/apps.ts';
import { shareNames } from '../runtime/programs/names.ts';
import { runCommand } from '../runtime/progress.ts';
import { writePrivate } from '../runtime/private-file.ts';
import { loadSecrets } from '../runtime/secrets.ts';
import { reachable, sidecarName, userOf } from '../runtime/users.ts';

const PRIVATE_EXECUTABLE = 0o700;

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Under root each app and each sidecar has a user of its own, here too. */
const asUser = ({ instance }: Bank, program: string): string => {
  const user = userOf(instance.number, program);
  if (user === undefined) return '';
  return `setpriv --reuid=${user.uid} --regid=${user.gid} --clear-groups `;
};

const flagsOf = ({ instance }: Bank): string => sidecarFlags(instance.ports.sentry).join(' ');

/**
 * `dapr run` looks for .dapr/bin/daprd. The wrapper drops the scheduler, whose address the CLI
 * gives even where dapr.yaml has none or an empty one, and adds what the CLI has no fields for:
 * flags, and the environment of this app's sidecar, its identity included.
 */
const daprdWrapper = (bank: Bank, folder: string): string => `#!/bin/sh
drop= app= before=
for arg do
  shift
  if [ "$before" = --app-id ]; then app=$arg; fi
  before=$arg
  if [ "$arg" = --scheduler-host-address ]; then drop=yes
  elif [ -n "$drop" ]; then drop=
  else set -- "$@" "$arg"; fi
done
. ${quote(folder)}/"$app.sidecar.sh"
exec $AS_USER ${quote(reachable(bank.instance, fileOf(bank.files, 'daprd')))} "$@" ${flagsOf(bank)}
`;

/** First on PATH, so that dapr.yaml's "node" is this: it gives the app its own environment. */
const nodeWrapper = (bank: Bank, folder: string): string => `#!/bin/sh
if [ -n "$APP_ID" ]; then . ${quote(folder)}/"$APP_ID.app.sh"; fi
exec $AS_USER ${quote(reachable(bank.instance, process.execPath))} "$@"
`;

const exports = (variables: Environment): string =>
  Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('');

const layOutDaprd = (bank: Bank): string => {
  const folder = join(bank.instance.dataDir, 'dapr');
  const bin = join(folder, '.dapr', 'bin');
  mkdirSync(bin, { recursive: true });
  writePrivate(join(bin, 'daprd'), daprdWrapper(bank, folder), PRIVATE_EXECUTABLE);
  writePrivate(join(folder, 'node'), nodeWrapper(bank, folder), PRIVATE_EXECUTABLE);
  const secrets = loadSecrets(bank.instance.dataDir);
  for (const app of bank.apps) {
    shareNames(bank.instance);
    shareWithApp(bank.instance, app);
    const sidecar = {
      ...sidecarEnvironment(bank.instance, secrets, app),
      AS_USER: asUser(bank, sidecarName(app.appID)),
    };
    writePrivate(join(folder, `${app.appID}.sidecar.sh`), exports(sidecar));
    const own = {
      ...appEnvironmentWithSecrets(bank.instance, secrets, app),
      AS_USER: asUser(bank, app.appID),
    };
    writePrivate(join(folder, `${app.appID}.app.sh`), exports(own));
  }
  const cli = join(folder, 'dapr');
  if (existsSync(cli)) rmSync(cli);
  symlinkSync(fileOf(bank.files, 'dapr'), cli);
  return folder;
};

const writeEnvironment = (bank: Bank, daprFolder: string): string => {
  const file = join(bank.instance.dataDir, 'env.sh');
  const variables = { ...shellEnvironment(bank.instance), DAPR_RUNTIME_PATH: daprFolder };
  const path = quote(daprFolder);
  writePrivate(file, `${exports(variables)}export PATH=${path}:"$PATH"\n`);
  chmodSync(file, 0o600);
  return file;
};

/** Instance 0 runs the file as it stands; others run a copy with moved ports. */
const daprYamlOf = (bank: Bank): string => {
  const { number, root, dataDir } = bank.instance;
  if (number === 0) return join(root, 'dapr.yaml');
  const file = join(dataDir, 'dapr.yaml');
  writePrivate(file, renderDaprYaml(root, number));
  return file;
};

runCommand(async () => {
  command('infra', 'Starts what the apps need, and says how to run the apps by hand.').parse();
  const options = { infrastructureOnly: true, alsoFind: ['dapr'] } as const;
  const bank = await startBank(options, stopOnSignals);
  const env = writeEnvironment(bank, layOutDaprd(bank));
  process.stdout.write(`
The infrastructure runs; the apps do not. To run them by hand, in another terminal:

  cd ${quote(bank.instance.root)} && . ${quote(env)} && dapr run -f ${quote(daprYamlOf(bank))}

Ctrl-C here stops the infrastructure.
`);
});
