import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { referenceFiles } from '../contracts/catalogue.ts';
import { projectRoot } from '../runtime/instance.ts';
import { runCommand } from '../runtime/progress.ts';

/** `npm run reference`: writes docs/reference again from the contracts. */
runCommand(async () => {
  const folder = join(projectRoot(), 'docs', 'reference');
  const files = referenceFiles();
  // What the contracts no longer have must not stay behind as if it were true.
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  process.stdout.write(`${folder}: ${files.size} files written from the contracts.\n`);
});
