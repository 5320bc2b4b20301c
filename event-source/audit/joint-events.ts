import { nameBy } from '../../contracts/access/principal.ts';
import { accountOfStream, TRANSFER_EVENTS } from '../../contracts/account/events.ts';
import { approvalOfStream } from '../../contracts/approval/events.ts';
import { transactionIdFor, transactionItemIdFor } from '../../contracts/derived-ids.ts';
import { isApprovalEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import type { CommandId } from '../../domain/ids.ts';
import type { AuditedEvent, Finding } from './entries.ts';

/**
 * What is joint stands in one transaction of the log, all of it, and was made by one command or is
 * one transaction of the bank; and what belongs to such a transaction is joint.
 */
export function jointFaults(events: readonly AuditedEvent[], tx: number): readonly Finding[] {
  let groups: Map<string, AuditedEvent[]> | undefined;
  const alone: AuditedEvent[] = [];
  for (const one of events) {
    const id = one.event.joint?.id;
    if (id === undefined) {
      if (isOfTransaction(one.event)) alone.push(one);
      continue;
    }
    groups ??= new Map();
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [one]);
    else group.push(one);
  }
  const lone = alone.map(({ key }): Finding => ({
    kind: 'incomplete',
    subject: key,
    detail: `${key} belongs to a transaction of several events, but stands alone.`,
  }));
  if (groups === undefined) return lone;
  const found = [...groups].flatMap(([id, group]): Finding[] => {
    const first = group[0]!.event;
    const due = first.joint!.events;
    const isWhole =
      group.length === due &&
      group.every(({ event }) => event.joint!.events === due) &&
      group.some(({ event }) => event.id === id);
    if (!isWhole) {
      const has = `Transaction ${tx} has ${group.length} of the ${due} events`;
      return [{ kind: 'incomplete', subject: id, detail: `${has} that belong to ${id}.` }];
    }
    const events = group.map(({ event }) => event);
    if (events.some((event) => isOfTransaction(event))) {
      const fault = transactionFault(events);
      if (fault === undefined) return [];
      const told = `The transaction that begins with ${id} is not whole: ${fault}.`;
      return [{ kind: 'imbalance', subject: id, detail: told }];
    }
    if (isOfOneCommand(events)) return [];
    const detail = `The events that belong to ${id} are not of one command and one sender.`;
    return [{ kind: 'imbalance', subject: id, detail }];
  });
  return [...lone, ...found];
}

type Joint = readonly AuditedEvent['event'][];

const isOfTransaction = ({ data }: AuditedEvent['event']): boolean => 'transactionId' in data;
const isSent = (event: BankEvent): event is Sent => event.type === 'transfer-sent';
type Sent = Extract<BankEvent, { type: 'transfer-sent' }>;

/**
 * What of the events is not as one transaction makes them: two of each of its transfers, in their
 * order, of one sender under one key, from which all of their ids follow.
 */
function transactionFault(events: Joint): string | undefined {
  const sent = events.filter((event) => isSent(event));
  const [first, ...more] = sent.filter(({ data }) => data.transaction !== undefined);
  const key = first?.causationId;
  if (first === undefined || more.length > 0 || key === undefined) {
    return 'not one of its transfers tells what belongs to it';
  }
  const { transferIds } = first.data.transaction!;
  const name = nameBy(first.by, key as CommandId);
  const id = transactionIdFor(accountOfStream(first.stream), name);
  const isPart = ({ by, causationId, data }: AuditedEvent['event']): boolean =>
    by === first.by && causationId === key && 'transactionId' in data && data.transactionId === id;
  if (!events.every((event) => isPart(event))) return 'not all events are of it';
  if (events.length !== TRANSFER_EVENTS * sent.length) return 'one of its transfers is not whole';
  // Streams may be in any order in a transaction of the log.
  const commands = new Map(sent.map(({ data, commandId }) => [data.transferId, commandId]));
  const isRight =
    sent.length === transferIds.length &&
    first.data.transferId === transferIds[0] &&
    transferIds.every((one, at) => commands.get(one) === transactionItemIdFor(name, at));
  return isRight ? undefined : 'its transfers are not those that it tells';
}

/** One command of one sender, and where a second person had to approve it, the end of that. */
function isOfOneCommand(events: readonly AuditedEvent['event'][]): boolean {
  const approvals = events.filter(isApprovalEvent);
  const made = events.filter((event) => !isApprovalEvent(event));
  const [approval, ...more] = approvals;
  const [first] = made;
  if (first === undefined || more.length > 0) return false;
  const id = approval && approvalOfStream(approval.stream);
  return (
    (approval === undefined || approval.commandHash === first.commandHash) &&
    made.every(
      ({ commandHash, by, approvalId, approvedBy }) =>
        commandHash === first.commandHash &&
        by === first.by &&
        approvalId === id &&
        approvedBy === approval?.by,
    )
  );
}
