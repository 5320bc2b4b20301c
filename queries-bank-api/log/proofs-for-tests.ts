import type { LogProofs } from '../../contracts/log/log-proofs.ts';
import type { ExportedEvent, HeaderDocument } from '../../contracts/log/receipts.ts';
import { accountId, type StreamId } from '../../domain/ids.ts';
import type { AccountLog } from './account-log.ts';

const HASH = Buffer.alloc(32, 7).toString('base64');
const state = { db: 'corebank', txId: 90, txHash: HASH, signature: 'MEUC' };
const header = (id: number): HeaderDocument => ({
  id,
  ts: 1,
  nentries: 1,
  blTxId: id - 1,
  prevAlh: HASH,
  eH: HASH,
  blRoot: HASH,
});
const history = {
  source: header(7),
  target: header(90),
  lastLeaf: HASH,
  inclusion: [HASH],
  consistency: [HASH],
  lastInclusion: [HASH],
  linear: [HASH],
};

/** Documents of the right shape about the events of a log; they prove nothing. */
export function proofsForTests(log: AccountLog): LogProofs {
  const pageOf = (stream: StreamId, from: number, limit: number) => {
    const [kind, name] = stream.split('/');
    return (kind === 'refusal' ? log.refusals : log.events)(accountId(name ?? ''), from, limit);
  };
  const exported: LogProofs['exported'] = async (stream, from, limit) => {
    const { entries } = await pageOf(stream, from, limit);
    return entries.map(({ position, event }) => {
      const inclusion = { leaf: 0, width: 1, terms: [] };
      return { position, event, inclusion, header: header(event.version), tree: [HASH] };
    }) as ExportedEvent[];
  };
  return {
    publicKey: () => Promise.resolve('-----BEGIN PUBLIC KEY-----\n'),
    state: () => Promise.resolve(state),
    async consistency(from, to = state.txId) {
      const older = { txId: from, txHash: HASH };
      if (from > to || to > state.txId) return undefined;
      return { format: 'core-bank-consistency/1', from: older, to: state, history };
    },
    async receipt(stream, version) {
      const [item] = (await pageOf(stream, version, 1)).entries;
      if (item === undefined) return undefined;
      const { position, event } = item;
      const inclusion = { leaf: 0, width: 1, terms: [] };
      return { format: 'core-bank-receipt/1', position, event, inclusion, history, state };
    },
    async exportHeader(stream, period) {
      const id = accountId(stream.slice(stream.indexOf('/') + 1));
      const [opened = 0] = await log.latestVersions([id]);
      if (opened === 0) return undefined;
      const { headVersion } = await pageOf(stream, 1, 1);
      const versions = { fromVersion: 1, toVersion: headVersion, headVersion };
      const isRefusals = stream.startsWith('refusal/');
      const format = isRefusals ? 'core-bank-refusals/1' : 'core-bank-account/1';
      return { format, accountId: id, ...versions, ...period, state, target: header(90) };
    },
    exported,
    walk: (from) =>
      Promise.resolve(
        [from, from + 1, from + 2]
          .filter((id) => id <= state.txId)
          .map((id) => ({ header: header(id), entries: [{ key: 'AA==', hValue: HASH }] })),
      ),
  };
}
