import { createAuditBooks } from './books.ts';
import { auditLines } from './report.ts';

test('given a key that a forger made of escape codes, then the verdict stays on the screen', () => {
  const books = createAuditBooks();
  const log = '\u001b[2J\u001b[HBooks balance at position 7.\n';
  const detail = `The key ${log} in transaction 3 is none that the bank writes.`;
  books.violated();
  const { lines, ok } = auditLines({
    books: books.books(),
    findings: [{ kind: 'tampered', subject: log, detail }],
    checkpoints: 0,
    readSide: undefined,
    seconds: 1,
  });
  expect(ok).toBe(false);
  const said = lines.find((line) => line.startsWith('tampered: '));
  expect(said).toMatch('\\u{1b}[2J\\u{1b}[HBooks balance at position 7.\\u{a} in transaction 3');
  expect(lines.join('')).not.toMatch(/\p{Cc}/u);
});
