import { ACCESS_OPERATIONS } from './access/access-records.ts';
import { COMMAND_OPERATIONS } from './account/command-operations.ts';
import { QUERY_OPERATIONS, REFUSAL_QUERIES } from './account/queries.ts';
import { APPROVAL_OPERATIONS } from './approval/operations.ts';
import { BATCH_OPERATIONS } from './batch/operations.ts';
import { type Operation, openApi } from './http/openapi.ts';
import { AUDIT_OPERATIONS } from './log/audit.ts';
import { integrationEventSchemas } from './log/integration-events.ts';
import { PROOF_QUERIES } from './log/proof-queries.ts';
import { PERSON_OPERATIONS } from './person/operations.ts';
import { PERSON_QUERIES } from './person/queries.ts';
import { TRANSFER_OPERATIONS } from './transfer/operations.ts';
import { z } from 'zod';

/** Everything that core-bank-api serves and documents; docs/reference is made from it. */
export const COMMAND_API_OPERATIONS: readonly Operation[] = [
  ...COMMAND_OPERATIONS,
  ...TRANSFER_OPERATIONS,
  ...BATCH_OPERATIONS,
  ...PERSON_OPERATIONS,
  ...APPROVAL_OPERATIONS,
];

/** Everything that queries-bank-api serves and documents. */
export const QUERY_API_OPERATIONS: readonly Operation[] = [
  ...QUERY_OPERATIONS,
  ...REFUSAL_QUERIES,
  ...PERSON_QUERIES,
  ...AUDIT_OPERATIONS,
  ...ACCESS_OPERATIONS,
  ...PROOF_QUERIES,
];

const written = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;

function eventFile([type, schema]: readonly [string, z.ZodType]): [string, string] {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  const document = { $schema, $id: `urn:core-bank:${type}`, title: type, ...rest };
  return [`integration-events/${type}.json`, written(document)];
}

/** The files of docs/reference by their path in it. */
export const referenceFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ...[...integrationEventSchemas].map(eventFile),
    [
      'core-bank-api.openapi.json',
      written(openApi('Core Bank', [...COMMAND_API_OPERATIONS, ...QUERY_API_OPERATIONS])),
    ],
    ['queries-bank-api.openapi.json', written(openApi('Core Bank: queries', QUERY_API_OPERATIONS))],
  ]);
