import { z } from 'zod';

type Json = Record<string, unknown>;

/** The JSON schema of what a client sends, or of what it is answered. */
export function jsonSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  target: 'draft-7' | 'draft-2020-12' = 'draft-2020-12',
): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    target,
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema: made }) {
      const { def } = zodSchema._zod;
      // A transform in an answer gives a text its type in the domain, and changes nothing of it.
      if (io === 'output' && def.type === 'pipe' && def.out._zod.def.type === 'transform') {
        Object.assign(made, jsonSchema(def.in as z.ZodType, io, target), { ...made });
      }
      const { oneOf } = made;
      if (oneOf?.length === 1) {
        delete made.oneOf;
        Object.assign(made, oneOf[0]);
      }
    },
  });
  return rest;
}

/** Schemas that clients know by a name. */
export type NamedSchemas = Readonly<Record<string, readonly ['input' | 'output', z.ZodType]>>;

/**
 * Names schemas: wherever one of them stands in a document, a reference takes its place, so that a
 * generated client has one type for it.
 */
export function namedSchemas(named: NamedSchemas) {
  const whole = new Map(
    Object.entries(named).map(([name, [io, schema]]) => [name, jsonSchema(schema, io)]),
  );
  const names = new Map([...whole].map(([name, schema]) => [JSON.stringify(schema), name]));
  const components: Json = {};

  const membersOf = (schema: object): Json =>
    Object.fromEntries(Object.entries(schema).map(([member, inner]) => [member, referring(inner)]));
  const referTo = (name: string): Json => {
    if (!(name in components)) {
      components[name] = {};
      components[name] = membersOf(whole.get(name) ?? {});
    }
    return { $ref: `#/components/schemas/${name}` };
  };
  const referring = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(referring);
    const name = names.get(JSON.stringify(value));
    return name === undefined ? membersOf(value) : referTo(name);
  };
  return {
    referTo,
    referring,
    /** For `components.schemas`: all that was referred to so far. */
    components,
  };
}
