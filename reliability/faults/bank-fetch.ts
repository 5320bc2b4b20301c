import type { Bank } from '../../runtime/supervisor/bank.ts';

/** Everybody but customers: together they have every right, and no owner bounds them. */
export const STAFF = ['teller', 'operator', 'auditor', 'privacy-officer', 'service'] as const;

const APIS = ['core-bank-api', 'queries-bank-api'];
const tokens = new Map<string, () => Promise<string>>();

/** From now on requests to that bank carry a token with every right. */
export function authorize(bank: Pick<Bank, 'token' | 'urls'>): void {
  for (const api of APIS) tokens.set(bank.urls[api] ?? '', () => bank.token(STAFF));
}

/** The header Authorization for that address; none for what is no bank that was named. */
export async function authorizationFor(url: string): Promise<Record<string, string>> {
  const token = tokens.get(new URL(url).origin);
  return token === undefined ? {} : { authorization: `Bearer ${await token()}` };
}

/** `fetch`, with the token of the bank at that address. */
export async function bankFetch(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(await authorizationFor(url))) {
    headers.set(name, value);
  }
  return fetch(url, { ...init, headers });
}
