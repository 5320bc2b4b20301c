import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { People } from './people.ts';

const FORM_BYTES_MAX = 4_096;
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const optionOf = (role: string): string => `<option>${escaped(role)}</option>`;

/** What the page of an interaction shows. */
interface LoginPage {
  readonly client: string;
  readonly roles: readonly string[];
  /** The file with the passwords. */
  readonly file: string;
  readonly isWrong: boolean;
}

/** Nothing is loaded, and no other page may frame it. */
const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
} as const;

const loginPage = ({ client, roles, file, isWrong }: LoginPage): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Core Bank: sign in</title>
<style>body{font:16px sans-serif;margin:3em auto;max-width:24em}label{display:block;margin:1em 0}
input,select,button{font:inherit;width:100%;box-sizing:border-box}</style>
<h1>Sign in</h1>
<p>for ${escaped(client)}, at the local issuer of this bank.</p>
${isWrong ? '<p role="alert"><b>Role, password or person is wrong.</b></p>' : ''}
<form method="post" autocomplete="off">
<label>Role <select name="role">${roles.map(optionOf).join('')}</select></label>
<label>Password <input name="password" type="password" required></label>
<label>Person, for a customer <input name="person" placeholder="personId"></label>
<button>Sign in</button>
</form>
<p>The passwords are in ${escaped(file)}.</p>
</html>
`;

/** The fields of a form that was sent. */
async function formOf({ req }: Pick<KoaContextWithOIDC, 'req'>): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > FORM_BYTES_MAX) return new URLSearchParams();
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** Serves the page where a person signs in to the local issuer, for each interaction of it. */
export const loginPages =
  (provider: Provider, people: People) =>
  async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    ctx.set(PAGE_HEADERS);
    const found = await provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined);
    if (found === undefined) {
      ctx.status = 400;
      ctx.body = 'This page has expired: begin again where you came from.\n';
      return;
    }
    const form = ctx.method === 'POST' ? await formOf(ctx) : undefined;
    const field = (name: string): string => form?.get(name) ?? '';
    const accountId = people.signIn(field('role'), field('password'), field('person'));
    if (accountId !== undefined) {
      ctx.respond = false;
      const result = { login: { accountId, amr: ['pwd'] } };
      return provider.interactionFinished(ctx.req, ctx.res, result);
    }
    ctx.status = form === undefined ? 200 : 401;
    ctx.type = 'html';
    const client = String(found.params['client_id']);
    const { names: roles, file } = people;
    ctx.body = loginPage({ client, roles, file, isWrong: form !== undefined });
  };
