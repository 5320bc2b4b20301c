import type {
  Journal,
  StoredStream,
  StreamWrite,
  Turn,
} from '../../bank-account-actor/journal/journal.ts';
import type { LogDigests } from '../../bank-account-actor/outbox/relay.ts';
import {
  decodeState,
  encodeState,
  isAccountState,
} from '../../bank-account-actor/turn/stream-state.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { decodeEvent, type LoggedEvent } from '../../contracts/account/events.ts';
import { evolve } from '../../domain/account.ts';
import type { StreamId } from '../../domain/ids.ts';
import { formatAmount, minor, readAmount } from '../../domain/money.ts';
import { TRANSACTION_POSITIONS } from '../../contracts/log/topics.ts';
import type { EventLog } from '../../event-source/log/event-log.ts';

/** Mistakes of which each breaks one promise: what does not find them proves nothing. */
export const PLANTED_BUGS = [
  'no version check at the commit',
  'guards ignored',
  'answer before the commit',
  'acknowledge before the append',
  'take what no host signed',
  'confirm by number',
  'confirm what the broker took',
  'settle whatever stands there',
  'forget names of commands',
  'forget names of transfers',
  'forget that names must be unknown',
  'credit twice',
  'split a joint append',
  'drop unlogged events on restart',
  'execute after the deadline',
  'a late commit without its condition',
  'expire twice',
  'unsettled rows never taken over',
  'due rows never taken over',
] as const;
export type PlantedBug = (typeof PLANTED_BUGS)[number];

/** Every write meets the version that stands there, whatever it expected. */
async function forced(journal: Journal, turn: Turn): Promise<Turn> {
  const { streams } = await journal.load(turn.writes.map(({ stream }) => stream));
  const versions = new Map(streams.map(({ stream, version }) => [stream, version]));
  const writes = turn.writes.map((write) => ({
    ...write,
    expected: versions.get(write.stream) ?? 0,
  }));
  return { ...turn, writes, guards: [] };
}
export const lateUnconditioned = async (journal: Journal, turn: Turn) =>
  journal.commit({ ...(await forced(journal, turn)), names: [], agreed: [], unknown: [] });

/** A journal that loses what its rows still had for the log. */
export function withoutUnlogged(journal: Journal): Journal {
  const without = (row: StoredStream): StoredStream => ({
    ...row,
    logged: row.version,
    unlogged: [],
  });
  return {
    ...journal,
    async load(streams, names) {
      const found = await journal.load(streams, names);
      return { ...found, streams: found.streams.map(without) };
    },
    claimUnsettled: async (idleMs, limit) =>
      (await journal.claimUnsettled(idleMs, limit)).map(without),
  };
}

/** Takes the log's event for the journal's because it has the same number. */
export const digestsByNumber = (log: LogDigests, journal: Journal): LogDigests => ({
  async digests(events) {
    const told = await log.digests(events);
    const own = await ownDigests(journal, events);
    return {
      digests: told.digests.map((digest, index) =>
        digest === null ? null : (own[index] ?? digest),
      ),
      quarantined: [],
    };
  },
});
export const brokerTrusted = (log: LogDigests, journal: Journal): LogDigests => ({
  async digests(events) {
    const { quarantined } = await log.digests(events);
    return { digests: await ownDigests(journal, events), quarantined };
  },
});
async function ownDigests(
  journal: Journal,
  events: readonly { readonly stream: StreamId; readonly version: number }[],
): Promise<(string | null)[]> {
  const { streams } = await journal.load(events.map(({ stream }) => stream));
  const rows = new Map(streams.map((row) => [row.stream, row]));
  return events.map(({ stream, version }) => {
    const row = rows.get(stream);
    const json = row?.unlogged[version - row.logged - 1];
    return json === undefined ? null : eventDigest(json);
  });
}

/** What the target of a transfer receives, it receives again. */
function creditedTwice(write: StreamWrite): StreamWrite {
  const last = JSON.parse(write.unlogged.at(-1) ?? '{}') as LoggedEvent;
  const state = decodeState(write.stream, write.state);
  if (last.type !== 'transfer-received' || !isAccountState(state)) return write;
  const { currency, balance, amount } = last.data;
  const more = (text: string): string =>
    formatAmount(minor(readAmount(text, currency) + readAmount(amount, currency)), currency);
  const version = last.version + 1;
  const { joint: _joint, ...alone } = last;
  const again = {
    ...alone,
    version,
    id: `${last.stream}/${version}`,
    prev: write.digest,
    data: {
      ...last.data,
      balance: { ...balance, ledger: more(balance.ledger), available: more(balance.available) },
    },
  } as LoggedEvent;
  const json = canonicalJson(again);
  return {
    ...write,
    version,
    digest: eventDigest(json),
    state: encodeState(evolve(state, decodeEvent(again))),
    unlogged: [...write.unlogged, json],
  };
}

const ENDS = /^(?:hold|transfer|transfer-end|transfer-reversal|reversal) /;
const isOwn = (name: string): boolean => ENDS.test(name) || name.startsWith('expire ');

/** The journal with the bug, where it is one of the journal. */
export function buggyJournal(journal: Journal, bug: PlantedBug | undefined): Journal {
  const onCommit = (change: (turn: Turn) => Turn | Promise<Turn>): Journal => ({
    ...journal,
    commit: async (turn) => journal.commit(await change(turn)),
  });
  switch (bug) {
    case 'no version check at the commit':
      return onCommit((turn) => forced(journal, turn));
    case 'guards ignored':
      return onCommit((turn) => ({ ...turn, guards: [] }));
    case 'forget names of commands':
      return onCommit((turn) => ({ ...turn, names: turn.names.filter(({ name }) => isOwn(name)) }));
    case 'forget names of transfers':
      return onCommit((turn) => ({
        ...turn,
        names: turn.names.filter(({ name }) => !ENDS.test(name)),
      }));
    case 'forget that names must be unknown':
      return onCommit((turn) => ({ ...turn, unknown: [] }));
    case 'credit twice':
      return onCommit((turn) => ({ ...turn, writes: turn.writes.map(creditedTwice) }));
    case 'settle whatever stands there':
      return {
        ...journal,
        async settle(streams) {
          const found = await journal.load(streams.map(({ stream }) => stream));
          await journal.settle(found.streams);
        },
      };
    case 'expire twice':
      return expiringTwice(journal);
    case 'unsettled rows never taken over': {
      const given = new Set<string>();
      return {
        ...journal,
        async claimUnsettled(idleMs, limit) {
          const rows = await journal.claimUnsettled(idleMs, limit);
          const fresh = rows.filter(({ stream, version }) => !given.has(`${stream}/${version}`));
          for (const { stream, version } of fresh) given.add(`${stream}/${version}`);
          return fresh;
        },
      };
    }
    case 'due rows never taken over':
      return {
        ...journal,
        claimDue: (now, _leaseMs, limit) => journal.claimDue(now, 10 ** 12, limit),
      };
    default:
      return journal;
  }
}

/** Claims keep nobody away, and an expiry meets no condition. */
function expiringTwice(journal: Journal): Journal {
  const isExpiry = ({ names }: Turn): boolean =>
    names.some(({ name }) => name.startsWith('expire '));
  return {
    ...journal,
    async commit(turn) {
      if (!isExpiry(turn)) return journal.commit(turn);
      const { streams } = await journal.load(turn.writes.map(({ stream }) => stream));
      const [row] = streams;
      const [write] = turn.writes;
      if (row === undefined || write === undefined || row.version < write.version) {
        return journal.commit(turn);
      }
      // The event is put behind what stands there, as if it were the first time.
      const event = JSON.parse(write.unlogged.at(-1)!) as LoggedEvent;
      const version = row.version + 1;
      const json = canonicalJson({
        ...event,
        version,
        id: `${event.stream}/${version}`,
        prev: row.digest,
      });
      const { logged, unlogged } = row;
      const next = { ...write, expected: row.version, version, digest: eventDigest(json), logged };
      return journal.commit({
        ...turn,
        writes: [{ ...next, unlogged: [...unlogged, json] }],
        names: [],
        unknown: [],
      });
    },
    claimDue: (now, _leaseMs, limit) => journal.claimDue(now, 0, limit),
  };
}

/** The log with the bug, where it is one of the log: joint events get two transactions. */
export function buggyLog(log: EventLog, bug: PlantedBug | undefined): EventLog {
  if (bug !== 'split a joint append') return log;
  let shift = 0;
  return {
    ...log,
    async append(events, refused) {
      const result = await log.append(events, refused);
      const added = result.added.map((entry, index) => {
        const joint = entry.event?.joint?.id;
        if (joint !== undefined && joint === result.added[index - 1]?.event?.joint?.id) shift += 1;
        return { ...entry, position: entry.position + shift * TRANSACTION_POSITIONS };
      });
      return { ...result, added };
    },
  };
}
