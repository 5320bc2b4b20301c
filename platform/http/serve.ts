import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import type { Access } from '../../contracts/access/rules.ts';
import type { Gate } from './gate.ts';

/** What of an operation of a contract says how it is served. */
export interface Served {
  readonly id: string;
  readonly access: Access;
  readonly method: 'get' | 'post' | 'put' | 'patch';
  /** With parameters as in /v1/things/{id}. */
  readonly path: string;
  /** Its schema; without one no body is read. */
  readonly body?: unknown;
}

/** What a request passes before its handler. */
export interface Before {
  readonly gate: Gate;
  /** Sees a request come, and its answer go. */
  readonly measure?: (operation: Served) => RequestHandler;
  /** Refuses what is more than its sender may have under way. */
  readonly admit: (operation: Served) => RequestHandler;
  /** Refuses what is about something that is not its sender's. */
  readonly guard?: (operation: Served) => RequestHandler;
  readonly readBody?: (operation: Served) => RequestHandler;
  /** Hears why a request is refused, before it is answered. */
  readonly onRefusal?: (operation: Served) => ErrorRequestHandler;
}

/** By the id of the operation. */
export type Handlers = Readonly<Record<string, RequestHandler>>;

/**
 * Serves all operations of an API: each by the handler of its id, after the gate has let the
 * request through, after `admit` has found room for it, after `guard`, and after `readBody` when
 * it has a body. Throws when an operation has no handler, or a handler no operation, so that what
 * is documented and what is served cannot differ.
 */
export function serve(
  app: Express,
  operations: readonly Served[],
  handlers: Handlers,
  { gate, measure, admit, guard, readBody, onRefusal }: Before,
): void {
  const left = new Map(Object.entries(handlers));
  for (const operation of operations) {
    const { id, method, path, body, access } = operation;
    const handler = left.get(id);
    if (handler === undefined) throw new Error(`the operation ${id} has no handler of its own`);
    left.delete(id);
    if (body !== undefined && readBody === undefined) throw new Error(`nothing reads ${id}'s body`);
    const readers = body === undefined || readBody === undefined ? [] : [readBody(operation)];
    app[method](
      path.replaceAll(/\{(\w+)\}/g, ':$1'),
      ...(measure === undefined ? [] : [measure(operation)]),
      gate(access),
      admit(operation),
      ...(guard === undefined ? [] : [guard(operation)]),
      ...readers,
      handler,
      ...(onRefusal === undefined ? [] : [onRefusal(operation)]),
    );
  }
  if (left.size > 0) throw new Error(`no operation is called ${[...left.keys()].join(', ')}`);
}
