import { join } from 'node:path';
import { projectRoot } from '../../runtime/instance.ts';
import { runCommand } from '../../runtime/progress.ts';
import { command } from '../command-line.ts';
import { buildPackages } from './package-build.ts';

/** `npm run packages`: makes the tarballs of the client and of the verifier. */
runCommand(async () => {
  const about = 'Makes packages of the client and of the verifier, and checks them.';
  const root = projectRoot();
  const { into } = command('packages', about)
    .option('--into <folder>', 'where they are put; it is emptied', join(root, 'dist', 'packages'))
    .parse()
    .opts();
  for (const tarball of await buildPackages(root, into)) {
    process.stdout.write(`${tarball}\n`);
  }
});
