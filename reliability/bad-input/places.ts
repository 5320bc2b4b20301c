import type { Places } from './contract-corpus.ts';

async function post(url: string, path: string, body: object): Promise<Record<string, string>> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, string>;
  if (response.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Makes what bad requests need beside an account in CZK that has some money. */
export async function placesOf(url: string, id: string, ownerId?: string): Promise<Places> {
  const person = { givenName: 'Bad', familyName: 'Input' };
  const owner = ownerId ?? (await post(url, '/v1/persons', person))['personId'];
  const terms = { ownerId: owner, currency: 'CZK' };
  const { accountId: other = '' } = await post(url, '/v1/accounts', terms);
  const move = { fromAccountId: id, toAccountId: other, amount: '1.00' };
  const { transferId = '', status } = await post(url, '/v1/transfers', move);
  if (status !== 'completed') throw new Error(`the transfer is ${status}`);
  return { id, other, transferId };
}
