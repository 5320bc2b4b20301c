import type { OpenTransfer } from '../domain/invariants.ts';
import type { Finding } from './audit-entries.ts';

export interface StuckTransfersParts {
  readonly open: () => readonly OpenTransfer[];
  readonly onFinding: (finding: Finding) => void;
  readonly onHealed: (finding: Pick<Finding, 'kind' | 'subject'>) => void;
  readonly now: () => number;
  /** Who was seen open for longer does not end by itself. */
  readonly openMsMax: number;
}

/** Tells of transfers that do not end (I8), and when they have ended after all. */
export function stuckTransfers(parts: StuckTransfersParts) {
  const { onFinding, onHealed, now, openMsMax } = parts;
  const seen = new Map<string, { since: number; told: boolean }>();
  return {
    look(): void {
      const open = new Map(parts.open().map((each) => [each.transferId as string, each]));
      for (const [id, { told }] of seen) {
        if (open.has(id)) continue;
        seen.delete(id);
        if (told) onHealed({ kind: 'stuck-transfer', subject: id });
      }
      for (const [id, { step }] of open) {
        // A pending transfer waits for its client.
        if (step === 'reserved') continue;
        const known = seen.get(id) ?? { since: now(), told: false };
        seen.set(id, known);
        if (known.told || now() - known.since < openMsMax) continue;
        known.told = true;
        const detail = `Transfer ${id} has not ended: the log has one leg of it, which ${step}.`;
        onFinding({ kind: 'stuck-transfer', subject: id, detail });
      }
    },
  };
}
