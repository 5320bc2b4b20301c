import { z } from 'zod';
import { COMMAND_API_OPERATIONS } from './command-api.ts';
import { integrationEventSchemas } from './log/integration-events.ts';
import { openApi } from './http/openapi.ts';
import { QUERY_API_OPERATIONS } from './query-api.ts';

const written = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;

function eventFile([type, schema]: readonly [string, z.ZodType]): [string, string] {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  const document = { $schema, $id: `urn:core-bank:${type}`, title: type, ...rest };
  return [`integration-events/${type}.json`, written(document)];
}

/** The files of docs/reference by their path there, made from the contracts. */
export const referenceFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ...[...integrationEventSchemas].map(eventFile),
    ['core-bank-api.openapi.json', written(openApi('Core Bank: commands', COMMAND_API_OPERATIONS))],
    ['queries-bank-api.openapi.json', written(openApi('Core Bank: queries', QUERY_API_OPERATIONS))],
  ]);
