import { faulty, type ProofFault } from './proof-fault.ts';

/**
 * JSON that every program reads as the same value. What is proven is what was read here, but people
 * look at the file, and other programs read it by other rules: some take the first of two equal
 * members and some the last, and some round numbers beyond 2^53.
 */
export type ReadJson = { readonly value: unknown } | ProofFault;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses JSON that has one meaning only.
 * @param what names the bytes in the sentence that says what is wrong with them.
 * @returns a fault when it is not UTF-8, not JSON or ambiguous.
 */
export function readExactJson(bytes: Uint8Array, what: string): ReadJson {
  const unreadable = (why: string): ProofFault => faulty('unreadable', `${what} ${why}`);
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
  } catch {
    return unreadable('is not UTF-8.');
  }
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable('is not JSON: was it cut off, or does another sign end its lines?');
  }
  const why = ambiguityOf(text);
  return why === undefined ? { value } : unreadable(why);
}

const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d];
const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d];
/** No document of the bank has more than a dozen. */
const DEPTH_MAX = 64;
const NUMBER = /-?[0-9][-+.eE0-9]*/y;
const COLON = /[ \t\r\n]*:/y;

/** What programs may read differently in a text that is JSON. */
function ambiguityOf(text: string): string | undefined {
  /** Names of the members so far of each object that is open; of a list none. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (names !== undefined && lengthAt(COLON, text, end) > 0) {
        const name = nameOf(text.slice(at, end));
        if (names.has(name))
          return `has the member "${name}" twice: readers differ in which counts.`;
        // Many programs take it for something else than a member.
        if (name === '__proto__') return 'has a member "__proto__", which readers lose.';
        names.add(name);
      }
      at = end - 1;
    } else if (open.length > DEPTH_MAX) return 'is nested deeper than anything of the bank.';
    else if (code === OPEN) open.push(new Set());
    else if (code === OPEN_LIST) open.push(undefined);
    else if (code === CLOSE || code === CLOSE_LIST) open.pop();
    else {
      const digits = lengthAt(NUMBER, text, at);
      const number = text.slice(at, at + digits);
      if (digits > 0 && !isExact(number)) {
        return `has the number ${number}, which programs may read as another one.`;
      }
      at += Math.max(0, digits - 1);
    }
  }
  return undefined;
}

function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex - at : 0;
}

/** The place after a string that begins here. */
function endOfString(text: string, begin: number): number {
  let end = begin;
  let escapes: number;
  do {
    end = text.indexOf('"', end + 1);
    escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
  } while (escapes % 2 === 1);
  return end + 1;
}

const nameOf = (quoted: string): string =>
  quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);

/** Written as JavaScript writes it, and no integer so large that others round to it. */
function isExact(written: string): boolean {
  const value = Number(written);
  return String(value) === written && (!Number.isInteger(value) || Number.isSafeInteger(value));
}
