import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveInstance } from '../runtime/instance.ts';
import { findNode, hasNode } from '../runtime/programs/node-versions.ts';
import { readVersions } from '../runtime/programs/versions.ts';
import * as bank from './forging-bank-for-tests.ts';

const instance = resolveInstance();
const versions = readVersions(instance.root);
const verifier = join(instance.root, 'dist', 'proofs', 'verify.js');
afterAll(() => rmSync(bank.FOLDER, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(bank.FOLDER, name), text);
  return join(bank.FOLDER, name);
};
const key = file('bank.pub', String(bank.PUBLIC_KEY.export({ type: 'spki', format: 'pem' })));
const { header, items, walked, receiptAt } = bank.bankThat();
const receipt = receiptAt(4);
const forged = { ...receipt, event: bank.depositOf(4, '9.00', '11.00') };
const log = file('log', bank.ndjson(walked));

// A major that this machine cannot have is named by `npm test` when it looks for the others.
describe.each(Object.keys(versions.nodes).filter((major) => hasNode(versions, major)))(
  'the compiled verifier on Node %s',
  (major) => {
    let node: string;
    beforeAll(async () => {
      node = await findNode(instance, versions, major);
      expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(`v${major}.`);
    }, 300_000);

    test.each([
      ['a receipt', JSON.stringify(receipt), JSON.stringify(forged)],
      ['an export', bank.ndjson([header, ...items]), bank.ndjson([header, ...items.slice(1)])],
    ])('proves %s and refuses a forged one', (what, good, bad) => {
      const verified = (text: string) => {
        const words = what === 'a receipt' ? [] : ['account'];
        const args = [verifier, ...words, file('shown', text), '--key', key, '--log', log];
        const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8' });
        return { status, says: /^(?:NOT )?PROVEN/.exec(stdout)?.[0], stderr };
      };
      expect(verified(good)).toEqual({ status: 0, says: 'PROVEN', stderr: '' });
      expect(verified(bad)).toEqual({ status: 1, says: 'NOT PROVEN', stderr: '' });
    });
  },
);
