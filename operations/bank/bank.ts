import type { Command } from '@commander-js/extra-typings';
import { answer, ApprovalPending, BankError, connect } from '../../client/bank-client.ts';
import type { ItemOf, ListParameters, ListPath } from '../../client/bank-client.ts';
import { CannotRun, runCommand } from '../../runtime/progress.ts';
import { bankAddresses } from '../client/addresses.ts';
import { tokensFor } from '../client/bearer.ts';
import { command, several, wholeNumber } from '../command-line.ts';
import { membersOf, tableOf, type Columns } from './rows.ts';

const ROLES = ['teller', 'operator', 'auditor'];
const LISTED = 20;
const WITHOUT_A_COMMAND = 2;

const ACCOUNTS: Columns = {
  account: 'accountId',
  owner: 'ownerId',
  name: 'name',
  status: 'status',
  ledger: 'balance.ledger',
  available: 'balance.available',
  currency: 'currency',
};
const PERSONS: Columns = {
  person: 'personId',
  'given name': 'givenName',
  'family name': 'familyName',
  'e-mail': 'email',
  'external id': 'externalId',
  status: 'status',
};
const BALANCES: Columns = {
  currency: 'currency',
  accounts: 'accounts',
  ledger: 'ledger',
  held: 'held',
  available: 'available',
};
const TRANSFERS: Columns = {
  transfer: 'transferId',
  at: 'at',
  from: 'fromAccountId',
  to: 'toAccountId',
  amount: 'amount',
  currency: 'currency',
  status: 'status',
  reference: 'reference',
};
const LINES: Columns = {
  'no.': 'version',
  at: 'at',
  what: 'type',
  direction: 'direction',
  amount: 'amount',
  balance: 'balanceAfter.ledger',
  reference: 'reference',
  description: 'description',
};
const HOLDS: Columns = {
  hold: 'holdId',
  at: 'at',
  amount: 'amount',
  status: 'status',
  expires: 'expiresAt',
  reference: 'reference',
};
const TOTALS: Columns = {
  currency: 'currency',
  in: 'externalIn',
  out: 'externalOut',
  accounts: 'ledgers',
  'in flight': 'inFlight',
  balanced: 'balanced',
};

/** Where answers go: tables for a person, one JSON value a line for a program. */
function printer(isJson: boolean) {
  const json = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  return {
    list(columns: Columns, rows: readonly unknown[], isWhole: boolean): void {
      if (isJson) return rows.forEach(json);
      process.stdout.write(rows.length === 0 ? 'Nothing was found.\n' : tableOf(columns, rows));
      if (!isWhole) process.stderr.write('There are more: give --limit.\n');
    },
    one(value: object): void {
      if (isJson) return json(value);
      process.stdout.write(membersOf(value));
    },
    json,
  };
}

/** What a person may say about a movement. */
interface Said {
  readonly reference?: string | undefined;
  readonly description?: string | undefined;
  readonly valueDate?: string | undefined;
  readonly currency?: string | undefined;
  readonly key?: string | undefined;
}
const withRemarks = <Args extends unknown[], Opts extends Record<string, unknown>>(
  made: Command<Args, Opts>,
) =>
  made
    .option('--reference <text>', 'your own name for it')
    .option('--description <text>', 'what it is for')
    .option('--value-date <day>', 'from which day the money counts')
    .option('--currency <code>', 'refused in an account of another currency')
    .option('--key <text>', 'the Idempotency-Key; one is made when it is missing');

function remarks({ key, currency, ...said }: Said) {
  const given = Object.entries({ ...said, currency }).filter(([, value]) => value !== undefined);
  const headers = key === undefined ? {} : { 'Idempotency-Key': key };
  return { body: Object.fromEntries(given) as object, headers };
}

/** `KEY=VALUE` of metadata as parameters of a query. */
const metadataOf = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new CannotRun(`--metadata ${pair}: write it as KEY=VALUE.`);
      return [`metadata.${pair.slice(0, at)}`, pair.slice(at + 1)];
    }),
  );

interface Global {
  readonly url?: string | undefined;
  readonly json?: true | undefined;
}

/** What each command needs, once the options are known. */
function session({ url, json }: Global) {
  const token = tokensFor(ROLES);
  const bank = connect({ baseUrl: bankAddresses(process.env, { url }).url, token });
  const print = printer(json === true || process.stdout.isTTY !== true);
  const list = async <Path extends ListPath>(
    columns: Columns,
    path: Path,
    limit: number,
    parameters: ListParameters<Path>,
  ): Promise<void> => {
    const found: ItemOf<Path>[] = [];
    for await (const item of bank.each(path, parameters)) {
      if (found.length === limit) return print.list(columns, found, false);
      found.push(item);
    }
    print.list(columns, found, true);
  };
  return { bank, print, list };
}

const byId = (id: string) => ({ path: { id } });

function lists(program: Command): void {
  const limited = (name: string, does: string) =>
    program
      .command(name)
      .description(does)
      .option('--limit <count>', 'how many at most', wholeNumber(1), LISTED);
  limited('accounts', 'Lists accounts')
    .option('--owner <id>', 'of this owner')
    .option('--status <status>', 'open, frozen or closed')
    .option('--currency <code>', 'in this currency')
    .option('--name <text>', 'with exactly this name')
    .option('--external-id <text>', 'that another system calls so')
    .option('--metadata <key=value>', 'with this metadata; may be given several times', several, [])
    .action(async ({ limit, owner: ownerId, metadata, ...filters }, made) => {
      const query = { ownerId, ...filters, ...metadataOf(metadata) } as object;
      await session(globals(made)).list(ACCOUNTS, '/v1/accounts', limit, { query });
    });
  limited('persons', 'Lists persons')
    .option('--name <words>', 'with names that begin with these words')
    .option('--email <address>', 'with this e-mail address')
    .option('--external-id <text>', 'whom another system calls so')
    .action(async ({ limit, ...filters }, made) => {
      const query = { ...filters } as object;
      await session(globals(made)).list(PERSONS, '/v1/persons', limit, { query });
    });
  limited('transfers', 'Lists transfers, the newest first')
    .option('--account <id>', 'from or to this account')
    .option('--status <status>', 'pending, completed, voided or expired')
    .option('--reference <text>', 'with exactly this reference')
    .action(async ({ limit, account: accountId, ...filters }, made) => {
      const query = { accountId, ...filters } as object;
      await session(globals(made)).list(TRANSFERS, '/v1/transfers', limit, { query });
    });
  limited('history', 'Tells what happened to an account, the newest first')
    .argument('<account>')
    .option('--type <types>', 'only events of these types, with commas between')
    .option('--reference <text>', 'with exactly this reference')
    .action(async (id, { limit, ...filters }, made) => {
      const asked = { ...byId(id), query: filters as object };
      await session(globals(made)).list(LINES, '/v1/accounts/{id}/history', limit, asked);
    });
  limited('holds', 'Lists the holds of an account')
    .argument('<account>')
    .option('--status <status>', 'open, captured, voided or expired')
    .action(async (id, { limit, ...filters }, made) => {
      const asked = { ...byId(id), query: filters as object };
      await session(globals(made)).list(HOLDS, '/v1/accounts/{id}/holds', limit, asked);
    });
}

function payments(program: Command): void {
  for (const way of ['deposit', 'withdraw'] as const) {
    const path = `/v1/accounts/{id}/${way === 'deposit' ? 'deposits' : 'withdrawals'}` as const;
    withRemarks(program.command(way).argument('<account>').argument('<amount>'))
      .description(way === 'deposit' ? 'Puts money into an account' : 'Takes money out of it')
      .action(async (id, amount, said, made) => {
        const { bank, print } = session(globals(made));
        const { body, headers } = remarks(said);
        const call = bank.POST(path, { params: byId(id), headers, body: { ...body, amount } });
        print.one(await answer(call));
      });
  }
  withRemarks(program.command('pay').argument('<from>').argument('<to>').argument('<amount>'))
    .description('Moves money between two accounts')
    .option('--pending', 'only reserves it, to be captured or voided later')
    .action(async (fromAccountId, toAccountId, amount, { pending, ...said }, made) => {
      const { bank, print } = session(globals(made));
      const { body, headers } = remarks(said);
      const isPending = pending === undefined ? {} : { pending };
      const terms = { ...body, ...isPending, fromAccountId, toAccountId, amount };
      const {
        from: _from,
        to: _to,
        steps: _steps,
        ...told
      } = await answer(bank.POST('/v1/transfers', { headers, body: terms }));
      print.one(told);
    });
  program
    .command('open')
    .description('Opens an account')
    .argument('<owner>')
    .argument('<currency>')
    .option('--name <text>', 'how the owner calls it')
    .option('--external-id <text>', 'how another system calls it')
    .option('--deposit <amount>', 'its first deposit')
    .action(async (ownerId, currency, { deposit: initialDeposit, ...said }, made) => {
      const { bank, print } = session(globals(made));
      const body = { ownerId, currency, initialDeposit, ...said };
      print.one(await answer(bank.POST('/v1/accounts', { body: body as never })));
    });
}

function looks(program: Command): void {
  program
    .command('account')
    .description('Shows an account with its balance')
    .argument('<account>')
    .action(async (id, _given, made) => {
      const { bank, print } = session(globals(made));
      print.one(await answer(bank.GET('/v1/accounts/{id}', { params: byId(id) })));
    });
  program
    .command('balances')
    .description('Adds up what the accounts of an owner have, by currency')
    .argument('<owner>')
    .option('--at <time>', 'at this time, such as 2026-10-31T23:00:00Z')
    .action(async (ownerId, { at }, made) => {
      const { bank, print } = session(globals(made));
      const query = { ownerId, ...(at === undefined ? {} : { at }) };
      const { items } = await answer(bank.GET('/v1/balances', { params: { query } }));
      print.list(BALANCES, items, true);
    });
  program
    .command('statement')
    .description('Writes a statement to the standard output')
    .argument('<account>')
    .requiredOption('--from <day>', 'the first day')
    .requiredOption('--to <day>', 'the last day')
    .option('--format <format>', 'json, csv, camt.053 or pdf', 'json')
    .action(async (id, { from, to, format }, made) => {
      const query = { from, to, format } as never;
      const { bank } = session(globals(made));
      const params = { ...byId(id), query };
      const read = { params, parseAs: 'arrayBuffer' } as const;
      const bytes = await answer(bank.GET('/v1/accounts/{id}/statements', read));
      process.stdout.write(Buffer.from(bytes as unknown as ArrayBuffer));
    });
  program
    .command('receipt')
    .description('Writes the proof of an event: check it with "npm run -s verify"')
    .argument('<account>')
    .argument('<version>', 'the number of the event', wholeNumber(1))
    .action(async (id, version, _given, made) => {
      const { bank, print } = session(globals(made));
      const path = { id, version: version as never };
      const call = bank.GET('/v1/accounts/{id}/events/{version}/receipt', { params: { path } });
      print.json(await answer(call));
    });
  program
    .command('events')
    .description('Follows the events of an account until it is stopped')
    .argument('<account>')
    .option('--after <version>', 'begins after this version', wholeNumber(0))
    .action(async (id, { after }, made) => {
      const { bank, print } = session(globals(made));
      for await (const event of bank.events(id, after === undefined ? {} : { after })) {
        print.json(event);
      }
    });
  program
    .command('audit')
    .description('Shows the trial balance, and how far the audit is')
    .action(async (_given, made) => {
      const { bank, print } = session(globals(made));
      const { currencies } = await answer(bank.GET('/v1/audit/trial-balance', {}));
      print.list(TOTALS, currencies, true);
      print.one(await answer(bank.GET('/v1/audit/status', {})));
    });
}

const globals = (made: { optsWithGlobals(): object }): Global => made.optsWithGlobals();

/** A sentence for what the bank refused, with the place of each mistake. */
function sentence(error: unknown): unknown {
  if (error instanceof ApprovalPending) return new CannotRun(error.message);
  if (!(error instanceof BankError)) return error;
  const { type: _type, title: _title, status: _status, detail: _detail, ...more } = error.problem;
  const { errors = [], instance: _instance, code: _code, requestId: _id, ...told } = more;
  const places = errors.map(({ at, message }) => `\n  ${at} ${message}`);
  const facts = Object.entries(told).map(([name, value]) => `\n  ${name}: ${String(value)}`);
  return new CannotRun([error.message, ...places, ...facts].join(''), { cause: error });
}

/** `npm run -s bank -- COMMAND`: the bank at a terminal. */
runCommand(async () => {
  const program = command('-s bank', 'The bank at a terminal: tables there, JSON elsewhere.');
  program
    .option('--url <url>', "the bank, by default that of this checkout's instance")
    .option('--json', 'one JSON value a line, on a terminal too');
  for (const add of [lists, payments, looks]) add(program);
  if (process.argv.length === 2) {
    throw new CannotRun(program.helpInformation(), { exitCode: WITHOUT_A_COMMAND });
  }
  for (const one of program.commands) one.copyInheritedSettings(program);
  try {
    await program.parseAsync();
  } catch (error) {
    throw sentence(error);
  }
});
