// Who may import whom. `npm run lint:imports` keeps it; reliability/import-rules.test.ts plants
// faults against every rule.

const TESTS = '(?:\\.test|-for-tests|-contract)\\.ts$';
const SHARED = ['^domain/', '^contracts/', '^platform/'];
const SERVICES = [
  'core-bank-api',
  'bank-account-actor',
  'event-source',
  'projections',
  'queries-bank-api',
];
/** What speaks to the bank from outside: HTTP, and the same judgement as the domain's. */
const OUTSIDE = [
  '^contracts/',
  '^domain/(?:invariants|money|ids)\\.ts$',
  '^platform/(?:parallel|seeded-random)\\.ts$',
  '^proofs/',
  '^runtime/',
  '^operations/',
  '^client/',
];

/** Which paths of other rooms a room may import. */
const MAY_IMPORT = {
  domain: [],
  contracts: ['^domain/'],
  platform: ['^contracts/http/(?:problems|service-call|wording)\\.ts$', '^contracts/access/'],
  proofs: ['^domain/', '^contracts/'],
  // It makes the keys that an app reads, and the identities that the table of calls names.
  runtime: [
    '^platform/(?:key-ring|signatures)\\.ts$',
    // Its operator asks the supervisor as the operators of apps ask those.
    '^platform/http/operator-socket\\.ts$',
    '^contracts/access/',
  ],
  // It stands alone, because others install it without the rest.
  client: [],
  operations: [
    ...SHARED,
    ...SERVICES.map((name) => `^${name}/`),
    '^proofs/',
    '^runtime/',
    '^client/bank-client\\.ts$',
  ],
  reliability: OUTSIDE,
  bench: OUTSIDE,
  'core-bank-api': SHARED,
  'bank-account-actor': SHARED,
  'event-source': [...SHARED, '^proofs/'],
  projections: SHARED,
  'queries-bank-api': [...SHARED, '^proofs/'],
};

/** In one process, without servers: the only places where services meet. */
const SIMULATIONS = '^reliability/(?:simulation|write-path)/';
/** Their tests start real servers, or the verifier on other versions of Node. */
const STARTING = [...SERVICES, 'proofs'];
const TESTS_THAT_START = `^(?:${STARTING.join('|')})/.*${TESTS}`;

/**
 * The files of a sub-room that others may import; what is not listed is private to it. The
 * contracts are open: each file there is one.
 */
const DOORS = {
  'bench/plain': ['plain-course'],
  'bench/report': ['results', 'report', 'latencies'],
  'bank-account-actor/account': ['account-decider', 'account-work', 'command-lookup', 'expiry'],
  'bank-account-actor/approval': ['approval-decider', 'proposal'],
  'bank-account-actor/host': ['bank-host', 'host-metrics', 'http', 'log-client', 'operator'],
  'bank-account-actor/journal': ['journal', 'memory-journal', 'pg-journal', 'wrapped-keys'],
  'bank-account-actor/outbox': ['relay'],
  'bank-account-actor/person': ['person-decider'],
  'bank-account-actor/restore': [
    'dropped-stories',
    'journal-guard',
    'keys-backup',
    'replay',
    'restoration',
  ],
  'bank-account-actor/turn': ['draft', 'facts', 'held-streams', 'stream-state', 'turns', 'work'],
  'event-source/access': ['access-records'],
  'event-source/audit': [
    'background',
    'books',
    'entries',
    'event-retrial',
    'feed',
    'immudb-source',
    'read-side',
    'reading-thread',
    'report',
    'walk',
  ],
  'event-source/feeds': ['integration-feed', 'log-feed', 'nats-stream'],
  'event-source/immudb': [
    'check',
    'client',
    'exports',
    'log',
    'log-end',
    'receipts',
    'trust-file',
    'wire',
  ],
  'event-source/intake': ['appender', 'deliveries'],
  'event-source/log': [
    'append-plan',
    'event-log',
    'log-answers',
    'memory-log',
    'routes',
    'version-at-time',
  ],
  'operations/client': ['addresses', 'app-client', 'bearer', 'http-client', 'progress-bar'],
  'operations/replay': ['driver'],
  'projections/balances': ['balance-projection'],
  'projections/follower': ['event-source-log', 'follower', 'projection', 'set-aside'],
  'projections/history': ['history-projection'],
  'projections/read-store': ['mongo-read-store', 'read-store'],
  'platform/http': [
    'app-token',
    'cross-origin-request',
    'docs',
    'failure',
    'gate',
    'h2c',
    'health',
    'http',
    'metrics',
    'operator-socket',
    'problem-pages',
    'public-listener',
    'recorded-refusals',
    'requests',
    'serve',
    'server-sent-events',
    'trace-context',
  ],
  'platform/limits': ['admission', 'connections', 'failed-logins', 'shares'],
  'platform/tokens': ['bearer', 'challenges', 'dpop'],
  'queries-bank-api/accounts': ['account-list', 'account-view', 'owner-balances', 'past-balance'],
  'queries-bank-api/history': [
    'history-answers',
    'history-view',
    'hold-answers',
    'refusal-answers',
  ],
  'queries-bank-api/lists': ['list-view', 'transaction-list', 'transfer-list'],
  'queries-bank-api/log': [
    'access-answers',
    'account-log',
    'audit-answers',
    'bank-status',
    'event-streams',
    'proof-answers',
  ],
  'queries-bank-api/persons': ['person-answers'],
  'queries-bank-api/read-models': ['mongo-read-models', 'read-models'],
  'queries-bank-api/statements': ['statement-answers'],
  'reliability/faults': ['bank-fetch', 'bank-under-test', 'executed'],
  'runtime/compose': ['compose-variables'],
  'runtime/mesh': ['authority', 'configurations', 'identities', 'sentry'],
  'runtime/programs': [
    'actor-hosts',
    'apps',
    'broker-rights',
    'components',
    'dapr-yaml',
    'ferretdb',
    'immudb',
    'infrastructure',
    'inspector',
    'issuer',
    'journal-database',
    'names',
    'nats',
    'node-versions',
    'placement',
    'postgres',
    'postgres-connection',
    'programs',
    'traces',
    'versions',
  ],
  'runtime/rotation': ['rotate', 'rotations'],
  'runtime/supervisor': [
    'app-health',
    'bank',
    'command',
    'control',
    'free-instance',
    'managed-program',
    'process-identity',
    'process-table',
    'scheduling',
    'supervisor',
  ],
};
const doorsOf = (room, files) => `^${room}/(?:${files.join('|')})\\.ts$`;
const ALL_DOORS = [
  TESTS,
  '^contracts/',
  ...Object.entries(DOORS).map(([room, files]) => doorsOf(room, files)),
];
const IN_SUB_ROOM = '^[^/]+/[^/]+/';

/** Packages with one home: a technology lives in the files that are named after it. */
const NATS = '^(?:runtime|operations)/|^event-source/feeds/nats-';
const GRPC = '^(?:event-source/immudb|runtime/programs)/';
const PDFKIT = '^queries-bank-api/statements/pdfkit-';
const HOMES = {
  '@dapr/dapr': '^platform/dapr-publisher\\.ts$',
  'oidc-provider': '^operations/issuer/',
  undici: '^(?:platform/dapr|bench/)',
  mongodb: '^(?:projections/read-store|queries-bank-api/read-models)/mongo-',
  '@grpc/grpc-js': GRPC,
  '@grpc/proto-loader': GRPC,
  pg: '^(?:runtime/|bench/plain/plain-ledger\\.ts$|bank-account-actor/journal/pg-)',
  '@nats-io/transport-node': NATS,
  '@nats-io/jetstream': NATS,
  pdfkit: PDFKIT,
  fontkit: PDFKIT,
  winston: '^platform/logger\\.ts$',
  jose:
    '^platform/tokens/(?:bearer|dpop|issuer-keys)\\.ts$|^core-bank-api/message-producers\\.ts$|' +
    '^operations/(?:message-signature|possession-proof)\\.ts$',
};

const local = (pathNot) => ({ dependencyTypes: ['local'], pathNot });
const forbidden = (name, comment, rule) => ({ name, comment, severity: 'error', ...rule });

export default {
  forbidden: [
    ...Object.entries(MAY_IMPORT).map(([room, paths]) =>
      forbidden(`room-${room}`, 'A room imports only from the rooms that MAY_IMPORT names.', {
        from: { path: `^${room}/`, pathNot: [SIMULATIONS, TESTS_THAT_START] },
        to: local([`^${room}/`, ...paths]),
      }),
    ),
    ...STARTING.map((room) =>
      forbidden(`tests-of-${room}`, 'Tests of a room may start programs, nothing more.', {
        from: { path: `^${room}/.*${TESTS}` },
        to: local([`^${room}/`, ...MAY_IMPORT[room], '^runtime/']),
      }),
    ),
    forbidden('simulations', 'Simulations may use the whole house, but no measurements.', {
      from: { path: SIMULATIONS },
      to: { path: '^bench/' },
    }),
    forbidden('unknown-room', 'MAY_IMPORT says what each room may import.', {
      from: {},
      to: local(Object.keys(MAY_IMPORT).map((room) => `^${room}/`)),
    }),
    forbidden('door', 'A sub-room is entered by the files that DOORS lists.', {
      from: { path: '^([^/]+/[^/]+)/', pathNot: TESTS },
      to: { ...local(['^$1/', ...ALL_DOORS]), path: IN_SUB_ROOM },
    }),
    forbidden('door-from-room', 'A sub-room is entered by the files that DOORS lists.', {
      from: { path: '^[^/]+/[^/]+$', pathNot: TESTS },
      to: { ...local(ALL_DOORS), path: IN_SUB_ROOM },
    }),
    ...Object.entries(DOORS).map(([room, files]) =>
      forbidden(`unused-door-of-${room}`, 'A door that nobody outside uses is to be closed.', {
        from: { pathNot: [`^${room}/`, TESTS] },
        module: { path: doorsOf(room, files), numberOfDependentsLessThan: 1 },
      }),
    ),
    forbidden('tests-stay-outside', 'What runs in production has no test code in it.', {
      from: { pathNot: [TESTS, '^reliability/'] },
      to: { path: TESTS },
    }),
    forbidden('circle', 'Files that import each other are one file, or hide a third.', {
      from: {},
      to: { circular: true },
    }),
    forbidden('unresolvable', 'An import names an existing file with its ending.', {
      from: {},
      to: { couldNotResolve: true },
    }),
    ...Object.entries(HOMES).map(([name, home]) =>
      forbidden(`home-of-${name}`, 'A technology is imported only where it lives.', {
        from: { pathNot: [home, TESTS] },
        to: { path: `node_modules/${name}/` },
      }),
    ),
    forbidden('unlisted-package', 'Each room lists the packages that it imports.', {
      from: { pathNot: [TESTS, '^reliability/'] },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    }),
  ],
  options: {
    // TypeScript 7 has no API that dependency-cruiser knows; without this it sees no file at all.
    parser: 'swc',
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?:dist|docs|\\.data|bench/results)/' },
  },
};
