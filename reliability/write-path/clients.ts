import { TESTER, testName } from '../../contracts/access/sender-for-tests.ts';
import { OWNER } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import {
  type CommandGroup,
  type CommandMessage,
  type CommandResult,
  type CommandBody,
} from '../../contracts/account/commands.ts';
import { holdIdFor, transferIdFor } from '../../contracts/derived-ids.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { planTransaction } from '../../core-bank-api/transactions.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import {
  commandId,
  type AccountId,
  type HoldId,
  type StreamId,
  type TransferId,
} from '../../domain/ids.ts';
import type { Attempt } from './command-verdict.ts';
import type { House } from './house.ts';
import type { HostsSide } from './hosts-side.ts';
import { WALL_START, type Life } from './timeline.ts';

const ATTEMPTS_MAX = 5;
const OFF = {
  result: { ok: false, refusal: { code: 'service-unavailable', reason: '' } },
} as const;

interface Request {
  readonly group: CommandGroup;
  readonly tries: number;
}

interface Transfer {
  readonly account: AccountId;
  readonly target: AccountId;
  readonly transfer: TransferId;
}

export type Clients = ReturnType<typeof createClients>;

/** Clients of a few accounts: they command, give up, and send again to any host. */
export function createClients(house: House, hosts: HostsSide, accounts: number, commands: number) {
  const { timeline, chance, weather, judge, seen } = house;
  const { after } = timeline;
  const ids = Array.from({ length: accounts }, (_unused, at) => accountIdOfSerial(BigInt(at + 1))!);
  const holds: { readonly account: AccountId; readonly hold: HoldId }[] = [];
  const begun: Transfer[] = [];
  const versions = new Map<AccountId, number>();
  let ordinal = 0;
  let made = 0;
  let open = 0;
  let isOver = false;

  /** Hardly ever the account itself, which is refused. */
  const otherThan = (account: AccountId): AccountId =>
    chance.pick(chance.hits(0.05) ? ids : ids.filter((id) => id !== account));
  const amount = (most: number): string => `${chance.between(1, most)}.00`;
  const soon = (): string =>
    new Date(WALL_START + timeline.now() + chance.between(200, 4_000)).toISOString();
  const maybeExpires = (): { expiresAt?: string } =>
    chance.hits(0.7) ? { expiresAt: soon() } : {};

  const termsFor = (kind: 'set-limits' | 'patch-details' | 'block' | 'unblock', id: string) => {
    switch (kind) {
      case 'set-limits':
        return {
          type: kind,
          perDay: amount(200),
          ...(chance.hits(0.5) ? { captureAboveHold: true } : {}),
        };
      case 'patch-details':
        return { type: kind, name: chance.pick(['Everyday', null]), metadata: { a: id } };
      case 'block':
      case 'unblock':
        return { type: kind, direction: chance.pick(['credit', 'debit']) };
    }
  };
  const bodyFor = (account: AccountId, id: string): { account: AccountId; body: CommandBody } => {
    const own = testName(id);
    const remarks = chance.hits(0.1) ? { description: 'rent', valueDate: '2026-11-30' } : {};
    const here = (body: object, of = account) => ({ account: of, body: body as CommandBody });
    const kind = chance.weighted({
      deposit: 6,
      withdraw: 6,
      'place-hold': 4,
      'end-hold': 3,
      'send-transfer': 6,
      'reserve-transfer': 4,
      'end-transfer': 4,
      reverse: 2,
      'reverse-transfer': 2,
      'set-limits': 0.5,
      'patch-details': 0.3,
      block: 0.3,
      unblock: 0.9,
    });
    switch (kind) {
      case 'deposit':
      case 'withdraw':
        return here({ type: kind, amount: amount(60), ...remarks });
      case 'place-hold':
        holds.push({ account, hold: holdIdFor(account, own) });
        return here({ type: 'place-hold', amount: amount(30), ...maybeExpires() });
      case 'end-hold': {
        if (holds.length === 0) break;
        const { account: of, hold: holdId } = chance.pick(holds);
        if (chance.hits(0.4)) return here({ type: 'void-hold', holdId }, of);
        const part = chance.hits(0.5) ? { amount: amount(chance.hits(0.7) ? 15 : 45) } : {};
        return here({ type: 'capture-hold', holdId, ...part }, of);
      }
      case 'send-transfer':
      case 'reserve-transfer': {
        const transferId = transferIdFor(account, own);
        const target = otherThan(account);
        begun.push({ account, target, transfer: transferId });
        const terms = { transferId, toAccountId: target, amount: amount(40), ...remarks };
        const end = kind === 'reserve-transfer' ? maybeExpires() : {};
        return here({ type: kind, ...terms, ...end });
      }
      case 'end-transfer': {
        if (begun.length === 0) break;
        const { account: of, transfer: transferId } = chance.pick(begun.slice(-4));
        if (chance.hits(0.3)) return here({ type: 'void-transfer', transferId }, of);
        const part = chance.hits(0.5) ? { amount: amount(20) } : {};
        return here({ type: 'capture-transfer', transferId, ...part }, of);
      }
      case 'reverse': {
        const part = chance.hits(0.5) ? { amount: amount(20) } : {};
        return here({ type: 'reverse', version: chance.between(1, 6), ...part });
      }
      case 'reverse-transfer': {
        if (begun.length === 0) break;
        const { account: to, target, transfer } = chance.pick(begun.slice(-4));
        const terms = { toAccountId: to, amount: amount(40), reversesTransferId: transfer };
        return here(
          { type: 'send-transfer', transferId: transferIdFor(target, own), ...terms },
          target,
        );
      }
      default:
        return here(termsFor(kind, id));
    }
    return here({ type: 'deposit', amount: amount(60) });
  };
  const messageFor = (account: AccountId): CommandMessage => {
    made += 1;
    const id = commandId(`c${made}`);
    const { account: of, body } = bodyFor(account, id);
    seen(body.type);
    const known = versions.get(of);
    const isConditional = known !== undefined && chance.hits(0.12);
    if (isConditional) seen('If-Match');
    return {
      accountId: of,
      commandId: id,
      ...(isConditional ? { ifMatch: [known] } : {}),
      command: body,
    };
  };
  const groupFor = (): CommandGroup => {
    const account = chance.pick(ids);
    const kind = chance.weighted({ one: 16, atomic: 3, several: 2, preview: 1, transaction: 2 });
    if (kind === 'transaction') return transactionFor();
    if (kind === 'one') return { ...TESTER, commands: [messageFor(account)] };
    if (kind === 'preview') return { ...TESTER, commands: [messageFor(account)], dryRun: true };
    const of = (): AccountId => (kind === 'atomic' ? chance.pick(ids) : account);
    const commands = Array.from({ length: chance.between(2, 3) }, () => messageFor(of()));
    if (kind === 'atomic') seen('atomic group');
    if (kind === 'atomic' && chance.hits(0.2)) {
      seen('the same twice in a group');
      commands.splice(chance.between(1, commands.length), 0, commands[0]!);
    }
    return { ...TESTER, commands, ...(kind === 'atomic' ? { atomic: true } : {}) };
  };

  /** Hardly any two of its transfers have an account in common by chance, so some are a chain. */
  const transactionFor = (): CommandGroup => {
    made += 1;
    const key = commandId(`c${made}`);
    let from = chance.pick(ids);
    const transfers = Array.from({ length: chance.between(1, 3) }, () => {
      const toAccountId = chance.pick(ids.filter((id) => id !== from));
      const leg = { fromAccountId: from, toAccountId, amount: amount(40) };
      from = chance.hits(0.5) ? toAccountId : chance.pick(ids);
      return leg;
    });
    seen('transaction');
    const { commands: parts, batch } = planTransaction({ transfers }, TESTER, key, {});
    for (const { accountId, command } of parts) {
      if (command.type !== 'send-transfer') continue;
      const { toAccountId: target, transferId: transfer } = command;
      begun.push({ account: accountId, target, transfer });
    }
    return { ...TESTER, commands: parts, atomic: true, batch };
  };

  /** Notes what a host answers, whether or not its client still waits. */
  const sendTo = (number: number, { group }: Request, deadline: number) => {
    const running = hosts.execute(number, { groups: [group], deadline });
    if (running === undefined) return undefined;
    const { life } = running;
    ordinal += 1;
    const attempts = group.commands.map((message): Attempt => {
      const rowBefore = judge.rowOf(streamOf(message.accountId));
      const dryRun = group.dryRun === true;
      return {
        message,
        atomic: group.atomic === true,
        dryRun,
        life,
        deadline,
        sent: ordinal,
        rowBefore,
        joint: jointWith(group),
      };
    });
    attempts.forEach(judge.commands.sent);
    return running.answer.then(({ groups: [answered] }) => {
      if (answered === undefined || 'moved' in answered) throw new Error('moved');
      ordinal += 1;
      attempts.forEach((attempt, index) => {
        const result = answered.results[index]!;
        Object.assign(attempt, { result, answered: ordinal });
        attempt.rowAfter = judge.rowOf(streamOf(attempt.message.accountId));
        noteResult(life, attempt, result);
      });
      return answered.results;
    });
  };
  const noteResult = (life: Life, { message }: Attempt, result: CommandResult): void => {
    const what = result.ok ? (result.replayed ? 'replayed' : 'acknowledged') : result.refusal.code;
    seen(`answer ${result.ok ? what : 'refused'}`);
    if (!result.ok) seen(`refused ${what}`);
    else if (!result.replayed) seen(`done ${message.command.type}`);
    if (result.ok) {
      for (const event of result.events) {
        if (event.stream === streamOf(message.accountId))
          versions.set(message.accountId, event.version);
      }
    }
    timeline.note(
      () => `${life.name} answers "${message.commandId}" ${message.command.type}: ${what}`,
    );
  };

  const attempt = (request: Request): void => {
    const number = chance.between(0, hosts.count - 1);
    const patience = chance.pick([500, 2_000, 5_000]);
    const deadline = WALL_START + timeline.now() + patience;
    // A request may be kept somewhere on its way, and come when nobody waits any more.
    const isLate = chance.hits(weather.faults * 0.05);
    if (isLate) seen('request long after its deadline');
    const wayMs = isLate ? patience + chance.between(29_000, 34_000) : chance.between(1, 10);
    timeline.note(() => `client sends ${describe(request.group)} to host${number + 1}`);
    let isAnswered = false;
    const ended = (results: readonly CommandResult[] | undefined): void => {
      if (isAnswered) return;
      isAnswered = true;
      then(request, results);
    };
    after(wayMs, () => {
      const answer = sendTo(number, request, deadline);
      if (answer === undefined) {
        after(5, () => ended(undefined));
        return;
      }
      void answer.then((results) => {
        after(chance.between(1, 10), () => ended(results));
      });
    });
    after(patience, () => ended(undefined), undefined, true);
  };
  /** What the client does about an answer, or when none came. */
  const then = (request: Request, results: readonly CommandResult[] | undefined): void => {
    const isUnknown =
      results === undefined ||
      results.some((one) => !one.ok && one.refusal.code === OFF.result.refusal.code);
    const isAgain = chance.hits(isUnknown ? 0.85 : 0.12) && request.tries < ATTEMPTS_MAX;
    if (!isAgain) return void (open -= 1);
    seen('retry');
    after(chance.between(10, isUnknown ? 2_500 : 300), () => {
      const group = chance.hits(0.06) ? withOtherBody(request.group) : request.group;
      attempt({ group, tries: request.tries + 1 });
    });
  };
  const withOtherBody = (group: CommandGroup): CommandGroup => {
    seen('other body');
    const commands = group.commands.map((message) => ({
      ...message,
      command: { type: 'deposit' as const, amount: '7.77' },
    }));
    return { ...group, commands };
  };
  const begin = (group: CommandGroup): void => {
    open += 1;
    attempt({ group, tries: 1 });
  };

  ids.forEach((accountId, at) => {
    made += 1;
    const command = {
      type: 'open-account' as const,
      ownerId: OWNER,
      currency: 'CZK' as const,
      initialDeposit: '100.00',
      ...(at === 0 ? { recordRefusals: true } : {}),
    };
    begin({
      ...TESTER,
      commands: [{ accountId, commandId: commandId(`c${made}`), command } as CommandMessage],
    });
  });
  const next = (): void => {
    if (isOver) return;
    const left = commands - made;
    if (left <= 0) return void (isOver = true);
    const burst = chance.hits(0.25) ? chance.between(2, 4) : 1;
    for (let count = 0; count < burst; count += 1) begin(groupFor());
    after(chance.between(1, 350), next);
  };
  after(chance.between(20, 200), next);

  return {
    ids,
    made: (): number => made,
    /** Whether all commands have been sent. */
    isOver: (): boolean => isOver,
    /** Whether nobody waits or will send again. */
    isIdle: (): boolean => isOver && open === 0,
  };
}

/** The streams of a transaction: none of them is in the log before all are. */
const jointWith = ({ commands }: CommandGroup): StreamId[] =>
  commands.flatMap(({ accountId, command }) =>
    'transactionId' in command && command.transactionId !== undefined
      ? [streamOf(accountId), streamOf(command.toAccountId)]
      : [],
  );

const describe = ({ commands, atomic, dryRun }: CommandGroup): string => {
  const texts = commands.map(
    ({ accountId, commandId: id, command: { type, ...body } }) =>
      `"${id}" ${type} at ${accountId.slice(-4)} ${JSON.stringify(body)}`,
  );
  const how = [...(atomic === true ? ['atomic'] : []), ...(dryRun === true ? ['preview'] : [])];
  return [...how, texts.join('; ')].join(' ');
};
