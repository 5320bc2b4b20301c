/**
 * JSON with sorted members and no blanks: equal values give equal text (as RFC 8785 orders). What
 * is in order already, as everything is that came through Go or out of the log, costs a third.
 */
export function canonicalJson(value: unknown): string {
  if (isOrdered(value)) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value as object)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** Whether JSON.stringify would write the members of this value in their order. */
function isOrdered(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isOrdered);
  let last: string | undefined;
  for (const name of Object.keys(value)) {
    if (last !== undefined && name < last) return false;
    last = name;
    if (!isOrdered((value as Record<string, unknown>)[name])) return false;
  }
  return true;
}
