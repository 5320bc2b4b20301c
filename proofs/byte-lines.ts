/**
 * The lines of a file as bytes. Only "\n" ends one: what else a program may take for the end of a
 * line (U+2028 in readline since Node 24) may stand in the texts of JSON.
 */
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** More than any transaction of the log has. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** Without the byte order mark that editors put at the beginning of a file. */
export const unmarked = (bytes: Buffer): Buffer =>
  bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? bytes.subarray(BYTE_ORDER_MARK.length)
    : bytes;

/** Yields the lines; undefined, and nothing after it, when a line is longer than LINE_BYTES_MAX. */
export async function* byteLines(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer | undefined> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let isFirst = true;
  const taken = (): Buffer => {
    const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const line = isFirst ? unmarked(whole) : whole;
    [parts, bytes, isFirst] = [[], 0, false];
    return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      parts.push(chunk.subarray(from, end));
      yield taken();
      from = end + 1;
    }
    parts.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > LINE_BYTES_MAX) {
      yield undefined;
      return;
    }
  }
  yield taken();
}
