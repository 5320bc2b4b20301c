import type { z } from 'zod';

/** A call of one service to another: both sides read it here. */
export interface ServiceCall {
  /** The service that answers, by its name in Dapr. */
  readonly app: string;
  readonly method: 'GET' | 'POST';
  /** With parameters as in /log/streams/{stream}/events. */
  readonly path: string;
  /** The query of a GET, the body of a POST. */
  readonly input: z.ZodObject;
  /** What comes with 200. A caller may read it by a schema of its own. */
  readonly answer: z.ZodType;
  /** 404 says that there is no such thing, which is an answer: undefined. */
  readonly mayLack?: true;
}

type Parameters<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [K in Name]: string } & Parameters<Rest>
  : unknown;
type Given<Value> = Value extends readonly (infer Item)[] ? readonly Item[] : Value;
/** What may be left out is said by the input, what the rest means by the output. */
type Values<In, Out> = {
  readonly [K in keyof In as string extends K ? never : K]: Given<Out[K & keyof Out]>;
};

/** Parameters of the path and members of the input, as values and not as the texts of a query. */
export type InputOf<Call extends ServiceCall> = Parameters<Call['path']> &
  Values<z.input<Call['input']>, z.output<Call['input']>>;

export type AnswerOf<Call extends ServiceCall> =
  z.output<Call['answer']> | (Call extends { readonly mayLack: true } ? undefined : never);
