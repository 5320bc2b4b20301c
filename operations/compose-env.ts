import { join } from 'node:path';
import { command } from './command-line.ts';
import { writeComposeEnvironment } from '../runtime/compose/compose-variables.ts';
import { projectRoot } from '../runtime/instance.ts';
import { runCommand } from '../runtime/progress.ts';

/** `npm run compose-env`: makes what docker-compose.yml asks for, once. */
runCommand(async () => {
  command('compose-env', 'Makes the passwords and identities of docker-compose.yml.').parse();
  const file = writeComposeEnvironment(join(projectRoot(), '.data'));
  const next = 'docker compose --env-file .data/compose.env up --build';
  const said =
    file === undefined
      ? 'They are there already; nothing was changed.'
      : `Made ${file}. Now: ${next}`;
  process.stdout.write(`${said}\n`);
});
