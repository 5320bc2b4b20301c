import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../runtime/instance.ts';

jest.setTimeout(120_000);

const root = projectRoot();
const folder = mkdtempSync(join(tmpdir(), 'packages-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const USE = `
import { answer, connect, type ItemOf, type Schemas } from 'core-bank-client';
const bank = connect({ baseUrl: 'http://127.0.0.1:1', token: 'x', attempts: 1 });
const account: Promise<Schemas['Account']> = answer(
  bank.GET('/v1/accounts/{id}', { params: { path: { id: 'a' } } }),
);
const first: Promise<IteratorResult<ItemOf<'/v1/transfers'>>> = bank
  .each('/v1/transfers', { query: { status: 'pending' } })
  .next();
const params = { path: { id: 'a' } };
// @ts-expect-error an amount is a decimal string
bank.POST('/v1/accounts/{id}/deposits', { params, body: { amount: 1 } }).catch(() => {});
const failures = await Promise.allSettled([account, first]);
console.log(failures.map(({ status }) => status).join());
`;

test('both packages pass their checks, compile and run where they are installed', () => {
  // Some of what checks them cannot be loaded here.
  const program = join(root, 'dist/operations/packages/packages.js');
  const args = [program, '--into', join(folder, 'made')];
  const built = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect([built.status, built.stderr]).toEqual([0, '']);
  const tarballs = built.stdout.trim().split('\n');
  expect(tarballs.map((path) => path.split('/').at(-1))).toEqual([
    'core-bank-client-0.1.0.tgz',
    'core-bank-verifier-0.1.0.tgz',
  ]);
  const modules = join(folder, 'node_modules');
  for (const tarball of tarballs) {
    const name = tarball.split('/').at(-1)!.replace('-0.1.0.tgz', '');
    mkdirSync(join(modules, name), { recursive: true });
    const args = ['-xzf', tarball, '-C', join(modules, name), '--strip-components=1'];
    expect(spawnSync('tar', args).status).toBe(0);
  }
  for (const name of ['openapi-fetch', 'openapi-typescript-helpers', 'eventsource-parser', 'zod']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'use.ts'), USE);
  const options = '--strict --target es2022 --module nodenext --skipLibCheck --types node';
  const types = ['--typeRoots', join(root, 'node_modules/@types')];
  const tsc = [
    join(root, 'node_modules/typescript/bin/tsc'),
    'use.ts',
    ...options.split(' '),
    ...types,
  ];
  const compiled = spawnSync(process.execPath, tsc, { cwd: folder, encoding: 'utf8' });
  expect([compiled.status, compiled.stdout]).toEqual([0, '']);
  const ran = spawnSync(process.execPath, ['use.js'], { cwd: folder, encoding: 'utf8' });
  expect([ran.status, ran.stdout]).toEqual([0, 'rejected,rejected\n']);

  const verify = join(modules, 'core-bank-verifier/proofs/verify.js');
  const asked = spawnSync(process.execPath, [verify], { cwd: folder, encoding: 'utf8' });
  expect([asked.status, asked.stderr]).toEqual([2, expect.stringContaining('Checks offline')]);
});
