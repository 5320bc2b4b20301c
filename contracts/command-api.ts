import { BATCH_OPERATIONS } from './batch/operations.ts';
import { COMMAND_OPERATIONS } from './account/command-operations.ts';
import type { Operation } from './http/openapi.ts';
import { PERSON_OPERATIONS } from './person/operations.ts';
import { TRANSFER_OPERATIONS } from './transfer/operations.ts';

/** All that core-bank-api serves and documents; docs/reference says the same. */
export const COMMAND_API_OPERATIONS: readonly Operation[] = [
  ...COMMAND_OPERATIONS,
  ...TRANSFER_OPERATIONS,
  ...BATCH_OPERATIONS,
  ...PERSON_OPERATIONS,
];
