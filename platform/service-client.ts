import type { AnswerOf, InputOf, ServiceCall } from '../contracts/http/service-call.ts';
import { SidecarError, type Sidecar } from './dapr.ts';

/** How calls get to other services: Dapr's sidecar is one way. */
export type ServiceInvoker = Pick<Sidecar, 'invokeService'>;

/**
 * Calls another service. Rejects with SidecarError when no answer came or it has another status
 * than 200 (and than 404, where that is an answer), and with ZodError when the answer is not what
 * the call describes.
 */
export async function ask<Call extends ServiceCall>(
  through: ServiceInvoker,
  call: Call,
  input: InputOf<Call>,
): Promise<AnswerOf<Call>> {
  const { app, method } = call;
  const { path, rest } = addressOf(call.path, input as Readonly<Record<string, unknown>>);
  const { status, body } = await (method === 'GET'
    ? through.invokeService(app, method, path + queryOf(rest))
    : through.invokeService(app, method, path, rest));
  if (status === 200) return call.answer.parse(body) as AnswerOf<Call>;
  if (status === 404 && call.mayLack === true) return undefined as AnswerOf<Call>;
  throw new SidecarError(`${app} answered ${status} to ${call.path}`, status, { body });
}

/** The path with its parameters put in, without a leading slash, and what is no parameter of it. */
function addressOf(template: string, input: Readonly<Record<string, unknown>>) {
  const rest: Record<string, unknown> = { ...input };
  const path = template.slice(1).replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return value;
  });
  return { path, rest };
}

function queryOf(input: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}
