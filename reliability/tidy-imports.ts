import { importsOf, isTest, resolveImport, roomOf } from './tidy-sources.ts';
import type { Fault, Project, Source } from './tidy-sources.ts';

const SHARED = ['domain/', 'contracts/', 'platform/'] as const;
const SERVICES = [
  'core-bank-api',
  'bank-account-actor',
  'event-source',
  'projections',
  'queries-bank-api',
] as const;
/** What speaks to the bank from outside: HTTP, and the same judgement as the domain's. */
const OUTSIDE = [
  'contracts/',
  'domain/invariants.ts',
  'domain/money.ts',
  'domain/ids.ts',
  'proofs/',
  'runtime/',
  'operations/',
] as const;

/** Which paths of other rooms a room may import (beginning of the path). */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  contracts: ['domain/'],
  platform: ['contracts/http/problems.ts'],
  proofs: ['domain/', 'contracts/'],
  runtime: [],
  operations: [...SHARED, ...SERVICES.map((service) => `${service}/`), 'proofs/', 'runtime/'],
  reliability: OUTSIDE,
  bench: OUTSIDE,
  ...Object.fromEntries(SERVICES.map((service) => [service, SHARED])),
  'event-source': [...SHARED, 'proofs/'],
  'queries-bank-api': [...SHARED, 'proofs/'],
};

/** In one process, without servers: the only places where services meet. */
const SIMULATIONS = ['reliability/simulation/', 'reliability/write-path/'];

function mayImport(from: string, to: string): boolean {
  const room = roomOf(from);
  if (roomOf(to) === room) return true;
  const allowed = MAY_IMPORT[room] ?? [];
  if (allowed.some((start) => to.startsWith(start))) return true;
  if (SIMULATIONS.some((start) => from.startsWith(start))) return !to.startsWith('bench/');
  // Integration tests start real servers, or the verifier on other versions of Node.
  const hasPrograms = room === 'proofs' || (SERVICES as readonly string[]).includes(room);
  return hasPrograms && isTest(from) && to.startsWith('runtime/');
}

/** Each room imports only from the rooms that the table names. */
export function roomFaults({ sources }: Pick<Project, 'sources'>): Fault[] {
  return sources.flatMap((source) =>
    importsOf(source)
      .filter((name) => name.startsWith('.'))
      .map((name) => resolveImport(source.path, name))
      .filter((to) => !mayImport(source.path, to))
      .map((to) => `${source.path} imports ${to}, which its room may not`),
  );
}

/** Relative imports name the file with its ending, as it lies there. */
export function endingFaults({ sources }: Pick<Project, 'sources'>): Fault[] {
  return sources.flatMap((source) =>
    importsOf(source)
      .filter((name) => name.startsWith('.') && !name.endsWith('.ts'))
      .map((name) => `${source.path} imports ${name} without .ts`),
  );
}

const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

const packagesOf = (source: Source): string[] =>
  importsOf(source)
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
    .map(packageOf);

/**
 * Each room lists the packages that it imports. Tests may also use those of the root and of the
 * shared rooms.
 */
export function packageFaults({ sources, rooms, toolPackages }: Project): Fault[] {
  const listed = new Map(rooms.map((room) => [room.name, new Set(room.packages)]));
  const shared = rooms.filter(({ name }) => (SHARED as readonly string[]).includes(`${name}/`));
  const tools = new Set([...toolPackages, ...shared.flatMap(({ packages }) => packages)]);
  return sources.flatMap((source) =>
    packagesOf(source)
      .filter((name) => listed.get(roomOf(source.path))?.has(name) !== true)
      .filter((name) => !(tools.has(name) && isTool(source.path)))
      .map((name) => `${source.path} imports ${name}, which its package.json does not list`),
  );
}

const isTool = (path: string): boolean => isTest(path) || roomOf(path) === 'reliability';

/** Packages with one home: a technology lives in the files that are named after it. */
const HOMES: readonly (readonly [name: string, home: RegExp])[] = [
  ['@dapr/dapr', /^platform\/dapr-publisher\.ts$/],
  ['undici', /^(?:platform\/dapr[a-z-]*|bench\/[a-z-]+)\.ts$/],
  ['mongodb', /^(?:projections\/read-store|queries-bank-api\/read-models)\/mongo-[a-z-]+\.ts$/],
  ['@grpc/grpc-js', /^(?:event-source\/immudb|runtime\/programs)\/[a-z.-]+\.ts$/],
  ['@grpc/proto-loader', /^(?:event-source\/immudb|runtime\/programs)\/[a-z.-]+\.ts$/],
  ['pg', /^(?:runtime\/|bench\/plain-ledger\.ts$|bank-account-actor\/journal\/pg-)/],
  ['@nats-io/transport-node', /^(?:runtime|operations)\/|^event-source\/feeds\/nats-/],
  ['@nats-io/jetstream', /^(?:runtime|operations)\/|^event-source\/feeds\/nats-/],
  ['pdfkit', /^queries-bank-api\/statements\/pdfkit-[a-z]+\.ts$/],
  ['fontkit', /^queries-bank-api\/statements\/pdfkit-[a-z]+\.ts$/],
  ['winston', /^platform\/(logger|repeated-lines)\.ts$/],
];

/** A technology is imported only where it lives; tests may look behind it. */
export function homeFaults({ sources }: Pick<Project, 'sources'>): Fault[] {
  return sources
    .filter((source) => !isTest(source.path))
    .flatMap((source) =>
      packagesOf(source).flatMap((name) => {
        const home = HOMES.find(([known]) => known === name);
        if (home === undefined || home[1].test(source.path)) return [];
        return [`${source.path} imports ${name}, whose home is ${home[1].source}`];
      }),
    );
}
