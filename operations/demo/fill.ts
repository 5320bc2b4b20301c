import { z } from 'zod';
import { unreachable } from '../../domain/ids.ts';
import { forEach } from '../replay/driver.ts';
import { describe, type Answer, type HttpClient } from '../client/http-client.ts';
import { type Month, type Step, PEOPLE } from './month.ts';

export interface Filled {
  readonly accountIds: readonly string[];
  /** Commands that this run had executed, and those that an earlier one had. */
  readonly executed: number;
  readonly replayed: number;
  /** Refusals that were wanted. */
  readonly refused: number;
  /** Answers that should have been others. */
  readonly faults: readonly string[];
}

export interface FillOptions {
  /** The command API. */
  readonly url: string;
  readonly client: HttpClient;
  readonly advance: () => void;
}

const AT_ONCE = 8;
const opened = z.looseObject({ accountId: z.string() });
const registered = z.looseObject({ personId: z.string() });
const outcome = z.looseObject({ version: z.int(), holdId: z.string().optional() });
const refusal = z.looseObject({ code: z.string() });

/** Plays the month through the command API, day by day, many accounts at once. */
export async function fill({ accounts, days }: Month, options: FillOptions): Promise<Filled> {
  const { url, client, advance } = options;
  const seen = { executed: 0, replayed: 0, refused: 0 };
  const faults: string[] = [];

  const send = async (path: string, key: string, body: object): Promise<Answer> => {
    const method = path.endsWith('/limits') ? 'PUT' : 'POST';
    const headers = { 'idempotency-key': key };
    const answer = await client.send({ method, url: `${url}${path}`, body, headers });
    if (answer.headers['idempotency-replayed'] === 'true') seen.replayed += 1;
    else if (answer.status < 300) seen.executed += 1;
    return answer;
  };
  const sendSoundly = async (path: string, key: string, body: object): Promise<unknown> => {
    const answer = await send(path, key, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`${path} with key ${key} was answered ${describe(answer)}`);
  };

  const owners = await ownersOf(sendSoundly);
  const accountIds: string[] = Array.from({ length: accounts.length }, () => '');
  await forEach([...accounts.entries()], AT_ONCE, async ([at, { owner, ...terms }]) => {
    const body = { ...terms, ownerId: owners[owner] };
    const answer = await sendSoundly('/v1/accounts', `demo-account-${at}`, body);
    accountIds[at] = opened.parse(answer).accountId;
  });

  const play = async (step: Step): Promise<void> => {
    const { key, refused } = step;
    const [path, body] = requestOf(step, accountIds);
    if (refused === undefined) {
      await goOn(step, path, await sendSoundly(path, key, body), sendSoundly);
      return;
    }
    const answer = await send(path, key, body);
    if (reasonOf(answer) === refused) seen.refused += 1;
    else faults.push(`${path} with key ${key} was answered ${describe(answer)}, not ${refused}`);
  };
  for (const day of days) {
    const busy = [...new Set(day.map(({ account }) => account))];
    await forEach(busy, AT_ONCE, async (at) => {
      for (const step of day.filter(({ account }) => account === at)) {
        await play(step).catch((error: Error) => void faults.push(error.message));
        advance();
      }
    });
  }
  return { accountIds, ...seen, faults };
}

type Send = (path: string, key: string, body: object) => Promise<unknown>;

async function ownersOf(send: Send): Promise<string[]> {
  const owners: string[] = [];
  for (const [at, { currency: _currency, ...person }] of PEOPLE.entries()) {
    const answer = await send('/v1/persons', `demo-person-${at}`, person);
    owners.push(registered.parse(answer).personId);
  }
  return owners;
}

function requestOf(step: Step, ids: readonly string[]): readonly [string, object] {
  const id = ids[step.account] as string;
  switch (step.kind) {
    case 'transfer': {
      const legs = { fromAccountId: id, toAccountId: ids[step.to] as string };
      return ['/v1/transfers', { ...legs, ...step.body }];
    }
    case 'hold':
      return [`/v1/accounts/${id}/holds`, step.body];
    case 'mistake':
      return [`/v1/accounts/${id}/withdrawals`, step.body];
    case 'deposits':
    case 'withdrawals':
    case 'limits':
    case 'freeze':
      return [`/v1/accounts/${id}/${step.kind}`, step.body];
    default:
      return unreachable(step);
  }
}

/** The second half of steps that have one; its key is made of the first one's. */
async function goOn(step: Step, path: string, answer: unknown, send: Send): Promise<void> {
  if (step.kind === 'mistake') {
    const { version } = outcome.parse(answer);
    const reversal = path.replace('withdrawals', 'reversals');
    await send(reversal, `${step.key}-end`, { version, reason: 'Charged twice' });
  }
  if (step.kind !== 'hold' || step.ending === 'keep') return;
  const { holdId } = outcome.parse(answer);
  const [end, body] = step.ending === 'void' ? ['void', {}] : ['capture', step.ending];
  await send(`${path}/${holdId}/${end}`, `${step.key}-end`, body);
}

/** Why it was refused. */
const reasonOf = ({ status, body }: Answer): string | undefined =>
  status >= 400 ? refusal.parse(body).code : undefined;
