import type { Express } from 'express';
import { accountRefText } from '../contracts/batches.ts';
import { clientKeyText } from '../contracts/commands.ts';
import { answerOf } from '../contracts/outcomes.ts';
import type { AccountId, CommandId } from '../domain/ids.ts';
import { Failure } from '../platform/http.ts';
import type { Actors } from './courier.ts';
import { failureOf, invalid } from './failures.ts';
import { accountIdFor } from './request-headers.ts';
import { findTransfer } from './transfers.ts';

const NOTHING =
  'Nothing was executed under this key for this account: it was refused, or it has not come ' +
  'here (yet). Sending the command again with this key is safe.';

/** GET /v1/commands/{idempotencyKey}: what came of a command, however it was sent. */
export function commandStatusRoute(app: Express, actors: Pick<Actors, 'lookup'>): void {
  app.get('/v1/commands/:idempotencyKey', async (request, response) => {
    const commandId = keyOf(request.params['idempotencyKey']);
    const accountId = accountOf(request.query, commandId);
    const found = await actors.lookup(accountId, [commandId]);
    if (found === 'unavailable') {
      const reason = 'what the account executed cannot be looked up now';
      throw failureOf({ code: 'service-unavailable', reason });
    }
    const [events] = found;
    if (events === undefined) throw new Failure('command-not-found', { detail: NOTHING });
    const list = events.map(({ id, type, version, at }) => ({ id, type, version, at }));
    const [first] = events;
    const told =
      first !== undefined && 'transferId' in first.data
        ? { transfer: await findTransfer(actors, first.data.transferId), ...answerOf(events) }
        : answerOf(events);
    response.json({ status: 'executed', commandId, accountId, ...told, events: list });
  });
}

function keyOf(text: unknown): CommandId {
  const parsed = clientKeyText.safeParse(text);
  if (parsed.success) return parsed.data;
  const message = 'must be 1-128 visible ASCII characters, percent-encoded where needed';
  throw invalid([{ at: 'path/idempotencyKey', message }]);
}

/** Without a parameter it is the account that an opening command with this key makes. */
function accountOf(query: Readonly<Record<string, unknown>>, commandId: CommandId): AccountId {
  const [unknown] = Object.keys(query).filter((name) => name !== 'accountId');
  if (unknown !== undefined)
    throw invalid([{ at: `query/${unknown}`, message: 'is not a known parameter' }]);
  if (query['accountId'] === undefined) return accountIdFor(commandId);
  const parsed = accountRefText.safeParse(query['accountId']);
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues[0]?.message ?? 'is not an account';
  throw invalid([{ at: 'query/accountId', message }]);
}
