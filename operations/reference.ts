import { command } from './command-line.ts';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { referenceFiles } from '../contracts/catalogue.ts';
import { projectRoot } from '../runtime/instance.ts';
import { runCommand } from '../runtime/progress.ts';
import { configurationPage } from './configuration.ts';

/** `npm run reference`: writes docs/reference from the contracts, and docs/configuration.md. */
runCommand(async () => {
  command('reference', 'Writes docs/reference and docs/configuration.md again.').parse();
  const docs = join(projectRoot(), 'docs');
  const folder = join(docs, 'reference');
  const files = referenceFiles();
  // What the contracts no longer have must not stay behind as if it were true.
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  writeFileSync(join(docs, 'configuration.md'), configurationPage(projectRoot()));
  process.stdout.write(`${folder}: ${files.size} files written from the contracts.\n`);
  process.stdout.write(`${docs}/configuration.md written from the configuration of the apps.\n`);
});
