import { executed } from '../faults/executed.ts';
import type { Places } from './contract-corpus.ts';

/** Makes what bad requests need besides an account in CZK that has some money. */
export async function placesOf(url: string, id: string, ownerId?: string): Promise<Places> {
  const post = (path: string, body: object) => executed(`${url}/v1/${path}`, body);
  const person = { givenName: 'Bad', familyName: 'Input' };
  const owner = ownerId ?? (await post('persons', person))['personId'];
  const opened = await post('accounts', { ownerId: owner, currency: 'CZK' });
  const other = String(opened['accountId']);
  const move = { fromAccountId: id, toAccountId: other, amount: '1.00' };
  const { transferId, status } = await post('transfers', move);
  if (status !== 'completed') throw new Error(`the transfer is ${String(status)}`);
  const pending = await post('transfers', { ...move, pending: true });
  const whole = await post('transactions', { transfers: [move] });
  return {
    id,
    other,
    transferId: String(transferId),
    pendingId: String(pending['transferId']),
    transactionId: String(whole['transactionId']),
  };
}
