import { placementProgram } from './placement.ts';
import { ferretdbProgram } from './ferretdb.ts';
import { issuerOf, issuerProgram } from './issuer.ts';
import { immudbProgram, provisionImmudb } from './immudb.ts';
import { natsProgram, provisionNats } from './nats.ts';
import { postgresProgram, provisionPostgres } from './postgres.ts';
import { sentryProgram } from '../mesh/sentry.ts';
import type { Instance } from '../instance.ts';
import type { Programs } from './programs.ts';
import type { ProgramName } from './versions.ts';
import type { Secrets } from '../secrets.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

/** The path of a program. Every program was found or built before, so a missing one is a bug. */
export const fileOf = (programs: Programs, name: ProgramName): string => {
  const file = programs[name];
  if (file === undefined) throw new Error(`program ${name} was not looked up`);
  return file;
};

/**
 * Starts what the apps rely on, waits for it and creates databases, streams and users. Idempotent.
 * Independent parts start in parallel.
 */
export const startInfrastructure = async (
  supervisor: Supervisor,
  instance: Instance,
  secrets: Secrets,
  programs: Programs,
): Promise<void> => {
  const readSide = async (): Promise<void> => {
    await supervisor.start([postgresProgram(instance, secrets)]);
    await provisionPostgres(instance, secrets);
    if (process.env['CORE_BANK_MONGODB_URL'] !== undefined) return;
    await supervisor.start([ferretdbProgram(instance, fileOf(programs, 'ferretdb'))]);
  };
  const broker = async (): Promise<void> => {
    await supervisor.start([natsProgram(instance, secrets, fileOf(programs, 'nats-server'))]);
    await provisionNats(instance, secrets);
  };
  const log = async (): Promise<void> => {
    await supervisor.start([immudbProgram(instance, secrets, fileOf(programs, 'immudb'))]);
    await provisionImmudb(instance, secrets);
  };
  const dapr = async (): Promise<void> => {
    await supervisor.start([sentryProgram(instance, fileOf(programs, 'sentry'))]);
    await supervisor.start([placementProgram(instance, fileOf(programs, 'placement'))]);
  };
  const issuer = async (): Promise<void> => {
    if (issuerOf(instance).isLocal) await supervisor.start([issuerProgram(instance, secrets)]);
  };
  await Promise.all([readSide(), broker(), log(), dapr(), issuer()]);
};
