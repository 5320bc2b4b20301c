import type { OpenTransfer } from '../domain/invariants.ts';
import { stuckTransfers } from './stuck-transfers.ts';

test('given a transfer that stays open, then it is told of once, and when it has ended', () => {
  const told: string[] = [];
  let clock = 0;
  let open: OpenTransfer[] = [];
  const stuck = stuckTransfers({
    open: () => open,
    onFinding: ({ detail }) => void told.push(detail),
    onHealed: ({ subject }) => void told.push(`${subject} ended`),
    now: () => clock,
    openMsMax: 100,
  });
  const look = (at: number, ...ids: string[]): string[] => {
    clock = at;
    const steps = ['transfer-reserved'] as const;
    open = ids.map((id) => ({ transferId: id, steps, since: 'x' }) as unknown as OpenTransfer);
    stuck.look();
    return told.splice(0);
  };
  expect(look(0, 'one', 'two')).toEqual([]);
  expect(look(99, 'one')).toEqual([]);
  expect(look(100, 'one', 'two')).toEqual([
    'Transfer one has not ended: the log has transfer-reserved of it.',
  ]);
  expect(look(150, 'one', 'two')).toEqual([]);
  expect(look(160, 'two')).toEqual(['one ended']);
});
