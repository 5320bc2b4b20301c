import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeOf, storeSizes } from './disk.ts';

test('files belong to a store by where they lie', () => {
  expect(storeOf('postgres/base/16385/2608')).toBe('PostgreSQL, tables');
  expect(storeOf('postgres/pg_wal/000000010000000000000001')).toBe('PostgreSQL, write-ahead log');
  expect(storeOf('immudb/data/corebank/index_00/nodes/0.n')).toBe('immudb, index');
  expect(storeOf('immudb/data/corebank/val_0/0.val')).toBe('immudb, values');
  expect(storeOf('immudb/data/corebank/tx/0.tx')).toBe('immudb, transactions');
  expect(storeOf('immudb/data/defaultdb/tx/0.tx')).toBe('immudb, other');
  expect(storeOf('names.db')).toBe('other');
});

test('given stores of files, each has the bytes that they take of the disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'));
  mkdirSync(join(folder, 'nats', 'deep'), { recursive: true });
  writeFileSync(join(folder, 'nats', 'deep', 'a'), Buffer.alloc(100_000, 1));
  writeFileSync(join(folder, 'nats', 'b'), Buffer.alloc(50_000, 1));
  writeFileSync(join(folder, 'c'), 'x');
  const [first, second] = storeSizes(folder);
  rmSync(folder, { recursive: true });
  expect(first?.store).toBe('NATS');
  expect(first?.bytes).toBeGreaterThanOrEqual(150_000);
  expect(first?.bytes).toBeLessThan(170_000);
  expect(second?.store).toBe('other');
});
