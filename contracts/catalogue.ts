import { byText } from './access/principal.ts';
import { ACCESS_OPERATIONS } from './access/access-records.ts';
import { COMMAND_OPERATIONS } from './account/command-operations.ts';
import { loggedEventSchema } from './account/events.ts';
import { balanceSchema } from './account/money.ts';
import { accountAnswer, approvable, outcomeSchema, pendingAnswer } from './account/outcomes.ts';
import {
  accountEvent,
  balanceAnswer,
  listedAccount,
  QUERY_OPERATIONS,
  REFUSAL_QUERIES,
} from './account/queries.ts';
import { historyEntry } from './account/read-models.ts';
import { refusalEventSchema } from './account/refusal-events.ts';
import { statementAnswer } from './account/statements.ts';
import { APPROVAL_OPERATIONS, approvalAnswer } from './approval/operations.ts';
import { batchItem, batchResult } from './batch/batches.ts';
import { BATCH_OPERATIONS, commandStatus } from './batch/operations.ts';
import { BODY_EXAMPLES } from './examples.ts';
import { collection } from './http/collection.ts';
import { type Operation, openApi } from './http/openapi.ts';
import { PROBLEMS, type ProblemCode } from './http/problems.ts';
import type { NamedSchemas } from './http/openapi-schemas.ts';
import { asyncApi } from './log/async-api.ts';
import { AUDIT_OPERATIONS, auditStatus, trialBalanceAnswer } from './log/audit.ts';
import { bankStatus, STATUS_OPERATIONS } from './log/bank-status.ts';
import { integrationEventSchemas } from './log/integration-events.ts';
import { PROOF_QUERIES } from './log/proof-queries.ts';
import {
  accountReceipt,
  consistencyDocument,
  refusalReceipt,
  signedStateDocument,
} from './log/receipts.ts';
import { addressBody } from './person/commands.ts';
import { PERSON_OPERATIONS } from './person/operations.ts';
import { PERSON_QUERIES, personAnswer } from './person/queries.ts';
import { TRANSFER_OPERATIONS } from './transfer/operations.ts';
import { listedTransfer, TRANSFER_QUERIES } from './transfer/queries.ts';
import { transactionAnswer, transactionCommandAnswer } from './transfer/transactions.ts';
import { transferAnswer, transferCommandAnswer } from './transfer/transfers.ts';
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
  ...TRANSFER_QUERIES,
  ...PERSON_QUERIES,
  ...STATUS_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...ACCESS_OPERATIONS,
  ...PROOF_QUERIES,
];

/**
 * The names under which the API document, and so a generated client, knows the objects of the bank.
 */
const NAMED: NamedSchemas = {
  Account: ['output', accountAnswer],
  ListedAccount: ['output', listedAccount],
  Balance: ['output', balanceSchema],
  BalanceAnswer: ['output', balanceAnswer],
  OpenedAccount: ['output', approvable(accountAnswer)],
  Outcome: ['output', outcomeSchema],
  CommandOutcome: ['output', approvable(outcomeSchema)],
  Event: ['output', loggedEventSchema],
  PositionedEvent: ['output', accountEvent],
  ActedBy: ['output', byText],
  HistoryLine: ['output', historyEntry],
  Statement: ['output', statementAnswer],
  Transfer: ['output', transferAnswer],
  ListedTransfer: ['output', listedTransfer],
  TransferOutcome: ['output', transferCommandAnswer],
  Transaction: ['output', transactionAnswer],
  TransactionOutcome: ['output', transactionCommandAnswer],
  Person: ['output', personAnswer],
  Address: ['input', addressBody],
  Approval: ['output', approvalAnswer],
  PendingApproval: ['output', pendingAnswer],
  BatchCommand: ['input', batchItem],
  BatchResult: ['output', batchResult],
  CommandStatus: ['output', commandStatus],
  Receipt: ['output', accountReceipt],
  RefusalReceipt: ['output', refusalReceipt],
  RefusalRecord: ['output', refusalEventSchema],
  SignedState: ['output', signedStateDocument],
  Consistency: ['output', consistencyDocument],
  TrialBalance: ['output', trialBalanceAnswer],
  AuditStatus: ['output', auditStatus],
  BankStatus: ['output', bankStatus],
};

/** The OpenAPI document of what an API serves. */
export const apiDocument = (title: string, operations: readonly Operation[], issuer?: string) =>
  openApi({ title, operations, named: NAMED, examples: BODY_EXAMPLES, issuer });

const written = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;

function eventFile([type, schema]: readonly [string, z.ZodType]): [string, string] {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  const document = { $schema, $id: `urn:core-bank:${type}`, title: type, ...rest };
  return [`integration-events/${type}.json`, written(document)];
}

/** docs/problems.md: every problem by its code. */
export const problemsPage = (): string => {
  const rows = (Object.keys(PROBLEMS) as ProblemCode[]).toSorted().map((code) => {
    const [status, title, cure] = PROBLEMS[code];
    return `| \`${code}\` | ${status} | ${title} | ${cure} |`;
  });
  return [
    '# Problems',
    '',
    '<!-- Written by "npm run reference" from contracts/http/problems.ts. -->',
    '',
    'Every way in which a request can end without a result. [http.md](http.md) says what a problem',
    'document holds; each operation of the OpenAPI document names those that it can have.',
    '',
    '| code | status | what happened | what to do |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
};

/** The whole API as a collection of requests. */
const apiCollection = (): object =>
  collection({
    title: 'Core Bank',
    operations: [...COMMAND_API_OPERATIONS, ...QUERY_API_OPERATIONS],
    examples: BODY_EXAMPLES,
  });

/** The files of docs/reference by their path in it. */
export const referenceFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ...[...integrationEventSchemas].map(eventFile),
    [
      'core-bank-api.openapi.json',
      written(apiDocument('Core Bank', [...COMMAND_API_OPERATIONS, ...QUERY_API_OPERATIONS])),
    ],
    ['core-bank.asyncapi.json', written(asyncApi())],
    ['core-bank.postman_collection.json', written(apiCollection())],
    [
      'queries-bank-api.openapi.json',
      written(apiDocument('Core Bank: queries', QUERY_API_OPERATIONS)),
    ],
  ]);
