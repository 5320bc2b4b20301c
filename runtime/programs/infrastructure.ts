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
import type { ProgramSpec } from '../supervisor/managed-program.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

/** The path of a program. Every program was found or built before, so a missing one is a bug. */
export const fileOf = (programs: Programs, name: ProgramName): string => {
  const file = programs[name];
  if (file === undefined) throw new Error(`program ${name} was not looked up`);
  return file;
};

type Maker = (instance: Instance, secrets: Secrets, programs: Programs) => ProgramSpec;

const INFRASTRUCTURE = {
  postgres: postgresProgram,
  ferretdb: (instance, _secrets, programs) =>
    ferretdbProgram(instance, fileOf(programs, 'ferretdb')),
  nats: (instance, secrets, programs) =>
    natsProgram(instance, secrets, fileOf(programs, 'nats-server')),
  immudb: (instance, secrets, programs) =>
    immudbProgram(instance, secrets, fileOf(programs, 'immudb')),
  sentry: (instance, _secrets, programs) => sentryProgram(instance, fileOf(programs, 'sentry')),
  placement: (instance, _secrets, programs) =>
    placementProgram(instance, fileOf(programs, 'placement')),
  issuer: issuerProgram,
} satisfies Record<string, Maker>;
type InfrastructureName = keyof typeof INFRASTRUCTURE;
export const isInfrastructure = (name: string): name is InfrastructureName =>
  Object.hasOwn(INFRASTRUCTURE, name);

/** How one of them is started, with what the data folder says now. */
export const infrastructureProgram = (
  name: InfrastructureName,
  ...place: Parameters<Maker>
): ProgramSpec => INFRASTRUCTURE[name](...place);

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
  const start = (name: InfrastructureName): Promise<void> =>
    supervisor.start([infrastructureProgram(name, instance, secrets, programs)]);
  const readSide = async (): Promise<void> => {
    await start('postgres');
    await provisionPostgres(instance, secrets);
    if (process.env['CORE_BANK_MONGODB_URL'] !== undefined) return;
    await start('ferretdb');
  };
  const broker = async (): Promise<void> => {
    await start('nats');
    await provisionNats(instance, secrets);
  };
  const log = async (): Promise<void> => {
    await start('immudb');
    await provisionImmudb(instance, secrets);
  };
  const dapr = async (): Promise<void> => {
    await start('sentry');
    await start('placement');
  };
  const issuer = async (): Promise<void> => {
    if (issuerOf(instance).isLocal) await start('issuer');
  };
  await Promise.all([readSide(), broker(), log(), dapr(), issuer()]);
};
