import {
  actorHost,
  actorHostsWanted,
  ACTOR_HOST_APP,
  withActorHosts,
} from '../programs/actor-hosts.ts';
import { appToken } from '../environment.ts';
import { askHealth, waitReady } from './app-health.ts';
import { appPrograms, INSPECTED_MS_MAX } from '../programs/apps.ts';
import { forgetAddresses } from '../programs/names.ts';
import { sidecarName } from '../users.ts';
import { readDaprYaml } from '../programs/dapr-yaml.ts';
import type { DaprApp } from '../programs/dapr-yaml.ts';
import {
  INSPECT_VARIABLE,
  inspectorName,
  readInspectorPorts,
  type InspectorPorts,
} from '../programs/inspector.ts';
import { localTokens, type TokenWish } from '../programs/issuer.ts';
import {
  fileOf,
  infrastructureProgram,
  isInfrastructure,
  startInfrastructure,
} from '../programs/infrastructure.ts';
import { isSupervised, rotate, type House, type SupervisedRotation } from '../rotation/rotate.ts';
import {
  prepareDataDir,
  resolveInstance,
  type Instance,
  type InstanceOptions,
} from '../instance.ts';
import type { Entry } from './process-table.ts';
import { LOOPBACK, requireFreePorts } from '../ports.ts';
import { findPrograms, SERVED_BY_START } from '../programs/programs.ts';
import { createProgress, CannotRun } from '../progress.ts';
import { scheduleAsBatch } from './scheduling.ts';
import { loadSecrets } from '../secrets.ts';
import { serveControl } from './control.ts';
import type { ProgramSpec } from './managed-program.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';
import { readTraceCollector, TRACES_VARIABLE, withTraces } from '../programs/traces.ts';
import type { ProgramName } from '../programs/versions.ts';

const READY_DEADLINE_MS = 60_000;
/** Of a program that is restarted while all others are under load. */
const RESTARTED_DEADLINE_MS = 180_000;

/** How to start a bank. */
export interface BankOptions extends InstanceOptions {
  /** Prints nothing; notes about deaths then go to `onNote` only. */
  readonly quiet?: boolean;
  readonly onNote?: (sentence: string) => void;
  /** The longest wait before a program that died again and again is started again. */
  readonly backOffMsMax?: number;
  /** Actor hosts, 1 to 8; ACTOR_HOSTS when unset. */
  readonly actorHosts?: number;
  /** Starts neither apps nor sidecars. */
  readonly infrastructureOnly?: boolean;
  /** Further programs to look up, beyond those that a start needs. */
  readonly alsoFind?: readonly ProgramName[];
}

/** A running bank, for commands, whole-house tests and benchmarks. */
export interface Bank {
  readonly instance: Instance;
  /** The apps that run, or that are to run. */
  readonly apps: readonly DaprApp[];
  /** App port by the app's name: its app id, of further actor hosts <app-id>-2 and so on. */
  readonly ports: Readonly<Record<string, number>>;
  /** Base address by name, without a slash at the end. */
  readonly urls: Readonly<Record<string, string>>;
  /** Paths of the programs that were looked up. */
  readonly files: Readonly<Partial<Record<ProgramName, string>>>;
  readonly programs: () => readonly Entry[];
  /**
   * Signals a program's process group; it restarts when that ends it. Names: postgres, nats,
   * immudb, ferretdb, placement, and per app <name> and <name>-daprd.
   */
  readonly kill: (name: string, signal: NodeJS.Signals) => boolean;
  /** Stops a program and keeps it down until bringUp. */
  readonly takeDown: (name: string) => Promise<void>;
  readonly bringUp: (name: string) => Promise<void>;
  /** Starts another actor host, 1 to 8, and waits until it is ready. */
  readonly addActorHost: (host: number) => Promise<void>;
  /** Has an actor host finish what it does, then stops its sidecar; it is not restarted. */
  readonly stopActorHost: (host: number) => Promise<void>;
  /**
   * Resolves when every app answers /health/ready; rejects with a sentence that names the others.
   */
  readonly waitReady: (limitMs?: number) => Promise<void>;
  /** Where debuggers attach, by the app's name; CORE_BANK_INSPECT says for which apps. */
  readonly inspectors: InspectorPorts;
  /** What a person must look at, found at the start, one sentence each. */
  readonly distrusted: readonly string[];
  readonly restartCount: (name?: string) => number;
  /** Replaces secrets while it runs. */
  readonly rotate: (name: SupervisedRotation) => Promise<void>;
  /**
   * An access token of the local issuer for these roles, kept until shortly before its end.
   * @example
   * const headers = { authorization: `Bearer ${await bank.token(['teller'])}` };
   */
  readonly token: (roles: readonly string[], wish?: TokenWish) => Promise<string>;
  /** What an app says of itself at /health/ready, with all that its checks found. */
  readonly health: (name: string) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** Every port of the bank, with its owner. */
export const allPorts = (
  instance: { readonly ports: Readonly<Record<string, number>> },
  apps: readonly DaprApp[],
): Map<number, string> => {
  const ports = new Map<number, string>();
  for (const [name, port] of Object.entries(instance.ports)) ports.set(port, name);
  for (const app of apps) {
    ports.set(app.appPort, app.name);
    for (const port of [app.daprHTTPPort, app.daprGRPCPort, app.daprInternalGRPCPort]) {
      ports.set(port, `the sidecar of ${app.name}`);
    }
  }
  return ports;
};

const requireFreeInspectors = (inspectors: InspectorPorts): Promise<void> => {
  const wanted = [...inspectors].map(([app, port]) => [port, inspectorName(app)] as const);
  return requireFreePorts(new Map(wanted), `name another port in ${INSPECT_VARIABLE}`);
};

/** The app token of each app of that bank, which a rotation may replace. */
const tokensOf =
  ({ dataDir }: Instance) =>
  ({ appID }: DaprApp): string =>
    appToken(loadSecrets(dataDir), appID);

const requireReady = async (
  instance: Instance,
  apps: readonly DaprApp[],
  limitMs: number,
): Promise<void> => {
  const sentences = await waitReady(apps, limitMs, tokensOf(instance));
  if (sentences.length > 0) throw new CannotRun(sentences.join('\n'));
};

/** Actor hosts that come and go while the bank runs; `apps` tells which apps there are. */
const actorHosts = (
  instance: Instance,
  first: readonly DaprApp[],
  supervisor: Supervisor,
  files: Bank['files'],
): Pick<Bank, 'addActorHost' | 'stopActorHost'> & { readonly apps: () => readonly DaprApp[] } => {
  let apps = first;
  const model = first.find((app) => app.name === ACTOR_HOST_APP) as DaprApp;
  return {
    apps: () => apps,
    addActorHost: async (host) => {
      const app = actorHost(model, actorHostsWanted(host));
      await requireFreePorts(allPorts({ ports: {} }, [app]));
      const secrets = loadSecrets(instance.dataDir);
      await supervisor.start(appPrograms(instance, secrets, [app], fileOf(files, 'daprd')));
      apps = [...apps, app];
      await requireReady(instance, [app], READY_DEADLINE_MS);
    },
    stopActorHost: async (host) => {
      const { name } = actorHost(model, host);
      apps = apps.filter((app) => app.name !== name);
      await supervisor.remove(name);
      await supervisor.remove(sidecarName(name));
    },
  };
};

/** The bank as a rotation needs it: programs get what the data folder says at that moment. */
const houseOf = (
  instance: Instance,
  apps: () => readonly DaprApp[],
  supervisor: Supervisor,
  files: Bank['files'],
  inspectors: InspectorPorts,
): House => {
  const specOf = (name: string): ProgramSpec => {
    const secrets = loadSecrets(instance.dataDir);
    if (isInfrastructure(name)) return infrastructureProgram(name, instance, secrets, files);
    const app = apps().filter((one) => one.name === name || sidecarName(one.name) === name);
    const specs = appPrograms(instance, secrets, app, fileOf(files, 'daprd'), inspectors);
    const spec = specs.find((one) => one.name === name);
    if (spec === undefined) throw new Error(`there is no program ${name}`);
    return spec;
  };
  return {
    instance,
    apps,
    restart: async (names) => {
      const specs = names.map((name) => ({ ...specOf(name), startMsMax: RESTARTED_DEADLINE_MS }));
      await supervisor.restart(specs);
      const restarted = apps().filter(({ name }) => names.includes(name));
      await requireReady(instance, restarted, RESTARTED_DEADLINE_MS);
    },
    renew: (names) => names.map(specOf).forEach(supervisor.renew),
    takeDown: supervisor.takeDown,
    signal: supervisor.kill,
  };
};

const makeHandle = (
  instance: Instance,
  hosts: ReturnType<typeof actorHosts>,
  supervisor: Supervisor,
  files: Bank['files'],
  inspectors: InspectorPorts,
  distrusted: readonly string[],
): Bank => ({
  instance,
  files,
  get apps() {
    return hosts.apps();
  },
  get ports() {
    return Object.fromEntries(hosts.apps().map((app) => [app.name, app.appPort]));
  },
  get urls() {
    const addresses = Object.entries(this.ports);
    return Object.fromEntries(
      addresses.map(([name, port]) => [name, `http://${LOOPBACK}:${port}`]),
    );
  },
  addActorHost: hosts.addActorHost,
  stopActorHost: hosts.stopActorHost,
  programs: supervisor.programs,
  kill: supervisor.kill,
  takeDown: supervisor.takeDown,
  bringUp: supervisor.bringUp,
  waitReady: (limitMs = READY_DEADLINE_MS) => requireReady(instance, hosts.apps(), limitMs),
  inspectors,
  distrusted,
  rotate: (name) => rotate(houseOf(instance, hosts.apps, supervisor, files, inspectors), name),
  restartCount: (name) =>
    supervisor
      .programs()
      .filter((program) => name === undefined || program.name === name)
      .reduce((sum, program) => sum + program.restarts, 0),
  token: localTokens(instance, () => loadSecrets(instance.dataDir)),
  health: async (name) => {
    const app = hosts.apps().find((one) => one.name === name);
    return app === undefined ? undefined : askHealth(app.appPort, tokensOf(instance)(app));
  },
  stop: supervisor.stop,
});

/**
 * Starts the whole bank in this process. Compiled apps must be in dist/. When the start fails,
 * everything that came up is stopped before it rejects.
 * @example
 * const bank = await startBank({ instance: 3, quiet: true });
 * const answer = await fetch(`${bank.urls['core-bank-api']}/openapi.json`);
 * await bank.stop();
 */
export const startBank = async (
  options: BankOptions = {},
  onSupervisor?: (supervisor: Supervisor) => void,
): Promise<Bank> => {
  scheduleAsBatch();
  const instance = resolveInstance(options);
  const progress = createProgress(options.quiet);
  const wanted = [...SERVED_BY_START, ...(options.alsoFind ?? [])];
  const files = await findPrograms(instance, wanted, progress);
  const hostCount = actorHostsWanted(options.actorHosts);
  const plain = withActorHosts(readDaprYaml(instance.root, instance.number), hostCount);
  const collector = readTraceCollector(process.env[TRACES_VARIABLE]);
  const inspectors = readInspectorPorts(
    process.env[INSPECT_VARIABLE],
    plain.map(({ name }) => name),
    allPorts(instance, plain),
  );
  prepareDataDir(instance);
  const apps = withTraces(instance, plain, collector);
  // It is read the next morning too.
  const said = (sentence: string): void => progress.say(`${new Date().toISOString()} ${sentence}`);
  const note = options.onNote ?? said;
  const supervisor = await createSupervisor(instance.dataDir, note, options.backOffMsMax);
  onSupervisor?.(supervisor);
  try {
    await requireFreePorts(allPorts(instance, apps));
    await requireFreeInspectors(inspectors);
    const secrets = loadSecrets(instance.dataDir);
    await progress.during('starting PostgreSQL, NATS, immudb, FerretDB, Dapr ...', () =>
      startInfrastructure(supervisor, instance, secrets, files),
    );
    const hosts = actorHosts(instance, apps, supervisor, files);
    const distrusted: string[] = [];
    const bank = makeHandle(instance, hosts, supervisor, files, inspectors, distrusted);
    if (options.infrastructureOnly === true) return bank;
    forgetAddresses(instance);
    await progress.during(`starting ${apps.length} apps and their sidecars ...`, async () => {
      const daprd = fileOf(files, 'daprd');
      await supervisor.start(appPrograms(instance, secrets, apps, daprd, inspectors));
      const readyMs = inspectors.size === 0 ? READY_DEADLINE_MS : INSPECTED_MS_MAX;
      // Not ended for it: who finds out what happened needs the bank, and commands are kept.
      distrusted.push(...(await waitReady(apps, readyMs, tokensOf(instance))));
    });
    await serveControl(instance.dataDir, async (name) => {
      if (!isSupervised(name)) throw new CannotRun(`There is no rotation "${name}".`);
      await bank.rotate(name);
    });
    return bank;
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
};
