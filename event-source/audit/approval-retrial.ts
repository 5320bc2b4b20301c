import { actedBy, nameBy } from '../../contracts/access/principal.ts';
import { whyNotDecide } from '../../contracts/access/rules.ts';
import { commandHash, type CommandBody } from '../../contracts/account/commands.ts';
import { streamOf, type LoggedEvent } from '../../contracts/account/events.ts';
import { isMoney } from '../../contracts/account/money.ts';
import { scopeOfAsked } from '../../contracts/approval/commands.ts';
import {
  approvalAfter,
  isOver,
  type ApprovalEvent,
  type ApprovalState,
} from '../../contracts/approval/events.ts';
import { approvalIdFor } from '../../contracts/derived-ids.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { isAccountEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { parseAmount, readAmount } from '../../domain/money.ts';
import type { CommandId, StreamId } from '../../domain/ids.ts';

/**
 * Looks at approvals again: whether a second person could give them, in time, and whether what they
 * let through is what was asked for. Which commands needed one the log does not tell: that is set
 * by the configuration of the actor hosts, of which the log has no history.
 */
export function createApprovalRetrial() {
  const approvals = new Map<string, ApprovalState>();

  const endFault = (before: ApprovalState, event: ApprovalEvent): string | undefined => {
    const { type, by, at, joint } = event;
    if (event.data.about !== before.about) return 'it is about another stream than was asked for';
    if ((joint !== undefined) !== (type === 'approval-granted')) {
      return joint === undefined ? 'its command made no event' : 'its command made another event';
    }
    const isTimeUp = isOver(before, at);
    if (type === 'approval-expired') return isTimeUp ? undefined : 'its time was not up';
    if (isTimeUp) return 'its time was up';
    const why = by && whyNotDecide(actedBy(before.by), actedBy(by), scopeOfAsked(before.asked));
    return why === undefined ? undefined : `who decided it may not: ${why}`;
  };
  const requestFault = (event: ApprovalEvent, id: string): string | undefined => {
    if (event.type !== 'approval-requested') return undefined;
    const { about, asked } = event.data;
    if (event.joint !== undefined) return 'its command made another event';
    const due = approvalIdFor(about as StreamId, nameBy(event.by, event.commandId as CommandId));
    if (due !== id) return `approval ${id} does not follow from its command: ${due} does`;
    // Hashed as it is, whatever it says: nobody executes it here.
    const hash = commandHash(asked as CommandBody);
    return hash === event.commandHash ? undefined : 'it has the hash of another command';
  };

  return {
    /** Takes the next event of an approval; throws when it cannot follow. */
    observe(event: ApprovalEvent, id: string): string[] {
      const before = approvals.get(id);
      const fault = before === undefined ? requestFault(event, id) : endFault(before, event);
      const after = approvalAfter(before, event);
      // What was asked for is looked at for the last time when it ends.
      approvals.set(id, after.status === 'waiting' ? after : { ...after, asked: {} });
      return fault === undefined ? [] : [fault];
    },
    /**
     * Whether an event that a second person let through is what they were asked for. It stands in
     * one transaction with their approval, which the books see to.
     */
    faultOf(event: BankEvent): string | undefined {
      const { approvalId, approvedBy, by, commandHash: hash, stream } = event;
      if (approvalId === undefined && approvedBy === undefined) return undefined;
      if (event.joint === undefined) return 'its approval is not there';
      const asked = approvalId === undefined ? undefined : approvals.get(approvalId);
      if (asked === undefined) return 'nobody asked for its approval';
      if (asked.by !== by || asked.commandHash !== hash) return 'another command was approved';
      const isOther = asked.about !== stream && !isReceiptOf(event, asked.about);
      if (isOther) return 'its approval is about another account';
      const name = isAccountEvent(event) ? otherMember(asked.asked, event) : undefined;
      return name === undefined ? undefined : `another ${name} was approved`;
    },
  };
}

/** A member of the command that its event says otherwise; amounts may be written shorter. */
function otherMember(asked: ApprovalState['asked'], { data }: LoggedEvent): string | undefined {
  const isSame = (name: string, made: unknown): boolean =>
    isMoney(name)
      ? parseAmount(String(asked[name]), data.currency) === readAmount(String(made), data.currency)
      : canonicalJson(asked[name]) === canonicalJson(made);
  const said = Object.entries(data).filter(([name]) => asked[name] !== undefined);
  return said.find(([name, made]) => !isSame(name, made))?.[0];
}

/** Whether it is the target's side of a transfer from that account. */
const isReceiptOf = ({ type, data }: BankEvent, about: string): boolean =>
  type === 'transfer-received' && streamOf((data as LegData).otherAccountId) === about;
type LegData = Extract<LoggedEvent, { type: 'transfer-received' }>['data'];
