import { EventSourceParserStream } from 'eventsource-parser/stream';
import createClient, { type Client } from 'openapi-fetch';
import { resilientFetch, type SendOptions } from './resilient-fetch.ts';
import type { components, paths } from './schema.d.ts';

export type { components, paths } from './schema.d.ts';
export type { SendOptions, TokenSource } from './resilient-fetch.ts';

/** The objects of the bank: `Schemas['Account']`. */
export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];

/** Where the bank is, and how requests are sent. */
export interface BankOptions extends SendOptions {
  /** The address of the front door, for example `http://127.0.0.1:3000`. */
  readonly baseUrl: string;
}

/** The bank refused, or could not answer: `problem` says what happened and what to do. */
export class BankError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(`${problem.title}${problem.detail === undefined ? '' : `: ${problem.detail}`}`);
    this.name = 'BankError';
    this.status = status;
    this.problem = problem;
  }
}

/** The command waits for the approval of a second person (202). */
export class ApprovalPending extends Error {
  readonly approval: Schemas['PendingApproval'];

  constructor(approval: Schemas['PendingApproval']) {
    super(`a second person has to approve it: approval ${approval.approvalId}`);
    this.name = 'ApprovalPending';
    this.approval = approval;
  }
}

/** What the calls of openapi-fetch resolve to. */
interface Called<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/**
 * The answer of a call.
 * @throws BankError when it is a problem, ApprovalPending when a second person has to approve it.
 * @example
 * const account = await answer(bank.POST('/v1/accounts', { body: { ownerId, currency: 'EUR' } }));
 */
export async function answer<Data>(call: Promise<Called<Data>>): Promise<Answered<Data>> {
  const { data, error, response } = await call;
  if (response.status === ACCEPTED) throw new ApprovalPending(data as Schemas['PendingApproval']);
  if (data !== undefined && data !== null) return data as Answered<Data>;
  throw new BankError(response.status, problemOf(error, response));
}

const ACCEPTED = 202;
type Answered<Data> = Exclude<NonNullable<Data>, Schemas['PendingApproval']>;

function problemOf(error: unknown, { status, statusText }: Response): Problem {
  const isProblem = typeof error === 'object' && error !== null && 'code' in error;
  if (isProblem) return error as Problem;
  return { type: 'about:blank', title: statusText, status, code: 'internal-error' } as Problem;
}

/** The header with which a command runs only at this version of its account (412 otherwise). */
export const onlyAt = (version: number): { readonly 'If-Match': string } => ({
  'If-Match': `"${version}"`,
});

type Got<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Answer } } } };
}
  ? Answer
  : never;
/** The paths of lists. */
export type ListPath = {
  [Path in keyof paths]: Got<Path> extends { items: unknown[]; nextCursor: string | null }
    ? Path
    : never;
}[keyof paths];
/** An item of a list. */
export type ItemOf<Path extends ListPath> =
  Got<Path> extends { items: (infer Item)[] } ? Item : never;
type ParametersOf<Path extends ListPath> = paths[Path] extends { get: { parameters: infer Given } }
  ? Given
  : never;
/** What a list is asked with. */
export type ListParameters<Path extends ListPath> = Pick<
  ParametersOf<Path>,
  Extract<keyof ParametersOf<Path>, 'path' | 'query'>
>;

/** An event of an account as it happens, with the balance after it. */
export type LiveEvent =
  paths['/v1/accounts/{id}/events/stream']['get']['responses'][200]['content']['text/event-stream'];

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}
/** How a list is called, whatever its path. */
type CallList = <Item>(path: string, init: object) => Promise<Called<Page<Item>>>;

/** The bank, as its clients see it. */
export interface Bank extends Client<paths> {
  /**
   * All items of a list, page by page.
   * @example
   * for await (const line of bank.each('/v1/transfers', { query: { status: 'pending' } })) {}
   */
  each<Path extends ListPath>(
    path: Path,
    parameters?: ListParameters<Path>,
  ): AsyncGenerator<ItemOf<Path>>;
  /**
   * The events of an account as they happen, without end: a connection that breaks is made again
   * where it was. `after` is the version to go on from; those to come when it is missing.
   */
  events(accountId: string, options?: EventsOptions): AsyncGenerator<LiveEvent>;
}

/** From where events are wanted, and until when. */
export interface EventsOptions {
  readonly after?: number;
  readonly signal?: AbortSignal;
}

const AGAIN_MS = 500;
const TOKEN_ENDED = 'token-ended';

/**
 * A client of the bank: every path of its API with its types, commands that are executed once
 * however often they are sent, and queries that show what this client wrote.
 * @example
 * const bank = connect({ baseUrl: 'http://127.0.0.1:3000', token });
 * const { data, error } = await bank.GET('/v1/accounts/{id}', { params: { path: { id } } });
 */
export function connect({ baseUrl, ...sending }: BankOptions): Bank {
  const send = resilientFetch(sending);
  const client = createClient<paths>({ baseUrl, fetch: send });

  async function* each<Path extends ListPath>(
    path: Path,
    parameters: ListParameters<Path> = {} as ListParameters<Path>,
  ): AsyncGenerator<ItemOf<Path>> {
    const list = client.GET as unknown as CallList;
    const { query, ...rest } = parameters as { readonly query?: object };
    for (let cursor: string | null | undefined; cursor !== null;) {
      const asked = cursor === undefined ? { ...query } : { ...query, cursor };
      const page: Page<ItemOf<Path>> = await answer(
        list(path, { params: { ...rest, query: asked } }),
      );
      yield* page.items;
      cursor = page.nextCursor;
    }
  }

  async function* events(
    accountId: string,
    { after, signal }: EventsOptions = {},
  ): AsyncGenerator<LiveEvent> {
    const account = `/v1/accounts/${encodeURIComponent(accountId)}`;
    const url = `${baseUrl.replace(/\/$/, '')}${account}/events/stream`;
    const params = { path: { id: accountId } };
    // A connection that breaks before its first event must not begin later than this one.
    const begun = after ?? (await answer(client.GET('/v1/accounts/{id}', { params }))).version;
    let last = String(begun);
    for (;;) {
      const headers = { 'Last-Event-ID': last };
      const request = new Request(url, { headers, ...(signal === undefined ? {} : { signal }) });
      const response = await send(request).catch((error: unknown) => {
        if (signal?.aborted !== true) throw error;
      });
      if (response === undefined) return;
      if (!response.ok)
        throw new BankError(response.status, problemOf(await response.json(), response));
      const body = response
        .body!.pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream());
      try {
        for await (const { id, event, data } of body) {
          last = id ?? last;
          if (event === TOKEN_ENDED) break;
          yield JSON.parse(data) as LiveEvent;
        }
      } catch (error) {
        if (signal?.aborted === true) return;
        // The connection broke; that a message is no JSON is another matter.
        if (error instanceof SyntaxError) throw error;
      }
      if (signal?.aborted === true) return;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  return Object.assign(client, { each, events });
}
