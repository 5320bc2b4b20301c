import { COMMAND_API_OPERATIONS, QUERY_API_OPERATIONS } from '../catalogue.ts';
import { BODY_EXAMPLES } from '../examples.ts';
import { collection } from './collection.ts';

interface Request {
  readonly method: string;
  readonly description: string;
  readonly header: readonly { readonly key: string; readonly value: string; disabled: boolean }[];
  readonly url: {
    readonly raw: string;
    readonly path: readonly string[];
    readonly query: readonly { readonly key: string }[];
    readonly variable: readonly { readonly key: string; readonly value: string }[];
  };
  readonly body?: { readonly raw: string };
}
const operations = [...COMMAND_API_OPERATIONS, ...QUERY_API_OPERATIONS];
const made = collection({ title: 'Core Bank', operations, examples: BODY_EXAMPLES }) as {
  readonly item: readonly { readonly item: readonly { readonly request: Request }[] }[];
  readonly variable: readonly { readonly key: string }[];
};
const requests = made.item.flatMap(({ item }) => item.map(({ request }) => request));
const byId = new Map(requests.map((request) => [request.description.split('\n')[0], request]));

test('every operation is in it once', () => {
  expect(requests).toHaveLength(operations.length);
  expect(new Set(byId.keys())).toEqual(new Set(operations.map(({ id }) => id)));
});

test.each(operations.map((operation) => [operation.id, operation] as const))(
  '%s is asked for as the API takes it',
  (id, { method, path, body, query = {}, headers = {} }) => {
    const { url, header, ...request } = byId.get(id)!;
    expect(request.method).toBe(method.toUpperCase());
    expect(`/${url.path.join('/')}`).toBe(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    expect(url.raw).toBe(`{{baseUrl}}/${url.path.join('/')}`);
    expect(url.query.map(({ key }) => key)).toEqual(Object.keys(query));
    expect(header.map(({ key }) => key)).toEqual(Object.keys(headers));
    const names = url.path.filter((part) => part.startsWith(':')).map((part) => part.slice(1));
    expect(url.variable.map(({ key }) => key)).toEqual(names);
    const known = new Set(made.variable.map(({ key }) => `{{${key}}}`));
    for (const { value } of url.variable) expect(known).toContain(value);
    if (body === undefined) expect(request).not.toHaveProperty('body');
    else expect(body.safeParse(JSON.parse(request.body!.raw)).success).toBe(true);
  },
);

test('a command has a key, so that no request is executed twice by mistake', () => {
  const deposit = byId.get('deposit')!;
  expect(deposit.header.find(({ disabled }) => !disabled)).toEqual({
    key: 'Idempotency-Key',
    value: '{{$guid}}',
    disabled: false,
  });
});
