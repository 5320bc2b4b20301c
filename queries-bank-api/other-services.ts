import type { AnswerOf, InputOf, ServiceCall } from '../contracts/http/service-call.ts';
import { SidecarError } from '../platform/dapr.ts';
import { ask, type ServiceInvoker } from '../platform/service-client.ts';
import { Unavailable } from './read-models/read-models.ts';

/** A call to another service; rejects with Unavailable while that does not answer. */
export type AskService = <Call extends ServiceCall>(
  call: Call,
  input: InputOf<Call>,
) => Promise<AnswerOf<Call>>;

/**
 * Asks other services through the sidecars. What one says instead of an answer may be an answer to
 * the client: `refusalOf` tells from the body.
 */
export const askServices =
  (dapr: ServiceInvoker, refusalOf?: (body: unknown) => Error | undefined): AskService =>
  async (call, input) => {
    try {
      return await ask(dapr, call, input);
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      throw refusalOf?.(error.body) ?? new Unavailable(error.message, { cause: error });
    }
  };
