import { bankFetch } from './bank-fetch.ts';

/** A POST with a JSON body that the bank must execute; what it answers. Throws any other answer. */
export async function executed(
  url: string,
  body: object,
  statuses: readonly number[] = [201],
): Promise<Record<string, unknown>> {
  const response = await bankFetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!statuses.includes(response.status)) throw new Error(`${url}: ${response.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
