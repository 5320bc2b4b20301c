import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The changes that a recipe makes to one file. */
export interface Change {
  readonly file: string;
  readonly patches: readonly Patch[];
}
/** A text that stands in the file once, and what takes its place. */
interface Patch {
  readonly before: string;
  readonly after: string;
}

const HEADING = /^## \d+\. (\S+\.ts):/;

/** The changes of a recipe: each numbered heading names a file, its diff blocks are the patches. */
export function readRecipe(markdown: string): Change[] {
  const parts = markdown.split(/^(?=## )/m);
  return parts.flatMap((part) => {
    const file = HEADING.exec(part)?.[1];
    if (file === undefined) return [];
    const blocks = [...part.matchAll(/^```diff\n([\s\S]*?)^```$/gm)];
    return [{ file, patches: blocks.map(([, block = '']) => patchOf(block)) }];
  });
}

function patchOf(block: string): Patch {
  const lines = block.trimEnd().split('\n');
  const without = (sign: string): string =>
    lines
      .filter((line) => !line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  return { before: without('+'), after: without('-') };
}

/** The file's text after the change; throws when the recipe does not fit the file any more. */
export function changed(text: string, { file, patches }: Change): string {
  return patches.reduce((now, { before, after }) => {
    const found = now.split(before).length - 1;
    if (found === 1) return now.replace(before, () => after);
    throw new Error(`${file} has this ${found} times, not once:\n${before}`);
  }, text);
}

/** Copies these rooms, and links the packages of the tree. */
export function copyTree(from: string, to: string, rooms: readonly string[]): void {
  mkdirSync(to, { recursive: true });
  for (const room of rooms) cpSync(join(from, room), join(to, room), { recursive: true });
  symlinkSync(join(from, 'node_modules'), join(to, 'node_modules'));
}

/** Applies the changes to the files of a copy. */
export function applyTo(root: string, changes: readonly Change[]): void {
  for (const change of changes) {
    const path = join(root, change.file);
    const text = changed(readFileSync(path, 'utf8'), change);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
