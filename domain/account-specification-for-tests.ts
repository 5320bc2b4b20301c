import { endNameOf } from './account-commands.ts';
import type { Command, Past, Refusal, TransferCommand } from './account-commands.ts';
import { decide } from './account-decisions.ts';
import { onceNamesOf, type AccountEvent } from './account-events.ts';
import { accountIdOfSerial } from './account-number.ts';
import { available, evolve, NO_ACCOUNT, type Account, type ExistingAccount } from './account.ts';
import { originalNameOf } from './bank-for-tests.ts';
import { version, type Version } from './ids.ts';
import { decideTransfer } from './transfer-decisions.ts';

/** The account under test, and the other account of its transfers. */
export const OWN = accountIdOfSerial(1n);
export const OTHER = accountIdOfSerial(2n);
/** When everything happens unless a test says otherwise: midnight, when a day's limit starts. */
export const AT = '2026-11-21T00:00:00.000Z';

type AnyCommand = Command | TransferCommand;
type Events = readonly AccountEvent[];
/** A refusal is about the source of a transfer unless it names the target. */
type Refused = Refusal & { readonly side?: 'source' | 'target' };
interface Made {
  readonly events: Events;
  readonly otherEvents: Events;
  readonly refusal?: Refused;
}
type Left = {
  readonly [Name in keyof ExistingAccount]?: ExistingAccount[Name] | undefined;
} & { readonly available?: bigint };

/**
 * States a rule as a sentence: `given(...events).when(command).then(...events)`, or
 * `.then(refusal)`. What the command asks of the past is read from the given events.
 */
export const given = (...events: Events) => specification(events, []);

function specification(own: Events, other: Events) {
  return {
    /** The events of the other account of a transfer. */
    andOther: (...events: Events) => specification(own, events),
    when: (command: AnyCommand, at = AT) => outcome(own, other, decided(own, other, command, at)),
  };
}

function outcome(own: Events, other: Events, made: Made) {
  const leaves = (events: Events, left: Left): void => {
    const account = stateOf(events) as ExistingAccount;
    const all: Left = { ...account, available: available(account) };
    const shown = Object.keys(left).map((name) => [name, all[name as keyof Left]]);
    expect(Object.fromEntries(shown)).toEqual(left);
  };
  const after = {
    /** Expects these members of the account after the decision; undefined: it has no such one. */
    leaving: (left: Left): void => leaves([...own, ...made.events], left),
    /** The same of the other account of a transfer. */
    leavingOther: (left: Left): void => leaves([...other, ...made.otherEvents], left),
  };
  return {
    /** Expects exactly these events, those of a transfer's target last, or exactly this refusal. */
    // oxlint-disable-next-line unicorn/no-thenable -- nothing awaits it: it ends the sentence
    then(...expected: Events | readonly [Refused]): typeof after {
      const [first] = expected;
      const { events, otherEvents, refusal } = made;
      const isRefusal = first !== undefined && 'code' in first;
      const wanted = isRefusal ? { side: 'source', ...first } : expected;
      expect(refusal ?? [...events, ...otherEvents]).toEqual(wanted);
      return after;
    },
  };
}

function decided(own: Events, other: Events, command: AnyCommand, at: string): Made {
  const [source, target, past] = [stateOf(own), stateOf(other), pastOf(own, command)];
  const refused = (refusal: Refused): Made => ({ events: [], otherEvents: [], refusal });
  if (!isOfTransfer(command)) {
    const decision = decide(source, command, at, past);
    if (!decision.ok) return refused({ side: 'source', ...decision.refusal });
    return { events: decision.events, otherEvents: [] };
  }
  const decision = decideTransfer({ sourceId: OWN, source, target }, command, at, past);
  if (!decision.ok) return refused({ side: decision.side, ...decision.refusal });
  return { events: decision.source, otherEvents: decision.target };
}

const isOfTransfer = (command: AnyCommand): command is TransferCommand =>
  command.type.endsWith('-transfer');
const stateOf = (events: Events): Account => events.reduce<Account>(evolve, NO_ACCOUNT);

/** What the journal would tell of the past that the command asks for. */
function pastOf(events: Events, command: AnyCommand): Past {
  const versionOf = (name: string | undefined): Version | undefined => {
    const at = events.findIndex((event) => onceNamesOf(event).includes(name ?? ''));
    return at === -1 ? undefined : version(at + 1);
  };
  const ended = versionOf(endNameOf(command));
  const wanted = command.type === 'reverse' ? command.version : versionOf(originalNameOf(command));
  return {
    ended: ended === undefined ? undefined : { version: ended },
    original: events[(wanted ?? 0) - 1],
  };
}
