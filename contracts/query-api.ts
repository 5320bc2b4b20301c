import { AUDIT_OPERATIONS } from './log/audit.ts';
import type { Operation } from './http/openapi.ts';
import { PERSON_QUERIES } from './person/queries.ts';
import { PROOF_QUERIES } from './log/proof-queries.ts';
import { QUERY_OPERATIONS } from './account/queries.ts';
import { REFUSAL_QUERIES } from './account/refusal-queries.ts';

/** All that queries-bank-api serves and documents. */
export const QUERY_API_OPERATIONS: readonly Operation[] = [
  ...QUERY_OPERATIONS,
  ...REFUSAL_QUERIES,
  ...PERSON_QUERIES,
  ...AUDIT_OPERATIONS,
  ...PROOF_QUERIES,
];
