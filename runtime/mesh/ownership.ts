import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Instance } from '../instance.ts';
import { handOver, passage, sidecarName, userOf } from '../users.ts';
import {
  authorityFolder,
  IDENTITIES,
  meshFolder,
  PLACEMENT_ID,
  sentryConfigurationFile,
  sentryTokenFile,
  tokenKeysFile,
  trustAnchorsFile,
} from './identities.ts';

/**
 * Under root: gives each file of the mesh to the one program that reads it. What everybody believes
 * is no secret; placement watches its folder.
 */
export function shareMesh({ dataDir, number }: Pick<Instance, 'dataDir' | 'number'>): void {
  const sentry = userOf(number, 'sentry');
  if (sentry === undefined) return;
  const authority = authorityFolder(dataDir);
  passage(meshFolder(dataDir));
  passage(join(meshFolder(dataDir), 'tokens'));
  for (const path of [
    authority,
    dirname(tokenKeysFile(dataDir)),
    sentryConfigurationFile(dataDir),
  ]) {
    handOver(path, sentry);
  }
  chmodSync(authority, 0o755);
  chmodSync(trustAnchorsFile(dataDir), 0o644);
  for (const id of IDENTITIES) {
    const reader = id === PLACEMENT_ID ? 'placement' : sidecarName(id);
    handOver(sentryTokenFile(dataDir, id), userOf(number, reader));
  }
}
