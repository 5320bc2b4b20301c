import { command } from './command-line.ts';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { problemsPage, referenceFiles } from '../contracts/catalogue.ts';
import { projectRoot } from '../runtime/instance.ts';
import { accessFiles } from '../runtime/mesh/configurations.ts';
import { runCommand } from '../runtime/progress.ts';
import { rotationPage } from '../runtime/rotation/rotations.ts';
import { clientTypes } from './client-types.ts';
import { configurationPage } from './configuration.ts';

/**
 * `npm run reference`: writes docs/reference, docs/problems.md and client/schema.d.ts from the
 * contracts,
 * docs/configuration.md, and the files of components/ that say which app may call which.
 */
runCommand(async () => {
  const about = 'Writes docs/reference, docs/configuration.md and who may call whom again.';
  command('reference', about).parse();
  const docs = join(projectRoot(), 'docs');
  const folder = join(docs, 'reference');
  const files = referenceFiles();
  // What the contracts no longer have must not stay behind as if it were true.
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const types = clientTypes(projectRoot(), join(folder, 'core-bank-api.openapi.json'));
  writeFileSync(join(projectRoot(), 'client', 'schema.d.ts'), types);
  writeFileSync(join(docs, 'problems.md'), problemsPage());
  writeFileSync(join(docs, 'rotation.md'), rotationPage());
  writeFileSync(join(docs, 'configuration.md'), configurationPage(projectRoot()));
  const components = join(projectRoot(), 'components');
  const access = accessFiles();
  for (const [path, text] of access) writeFileSync(join(components, path), text);
  process.stdout.write(`${components}: ${access.size} files written from who may call whom.\n`);
  process.stdout.write(`${folder}: ${files.size} files written from the contracts.\n`);
  process.stdout.write(`${docs}/configuration.md written from the configuration of the apps.\n`);
});
