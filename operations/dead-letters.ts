import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { command, wholeNumber } from './command-line.ts';
import { openDeadLetterBox, type DeadLetter, type DeadLetterBox } from './dead-letter-box.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { connectAsAdmin } from '../runtime/programs/nats.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { loadSecrets } from '../runtime/secrets.ts';
import { say } from './terminal.ts';

const LIST_MAX = 100;
const SHOWN_CHARACTERS = 300;

const cut = (text: string): string => text.slice(0, SHOWN_CHARACTERS);

function show(letter: DeadLetter): void {
  const errors = letter.errors.map(({ at, message }) => `${at} ${message}`).join('; ');
  const why = cut(errors === '' ? letter.reason : `${letter.reason}: ${errors}`);
  const mark = letter.cut ? ' (cut, cannot be replayed)' : '';
  const text = cut(Buffer.from(letter.message).toString());
  say(`${letter.id}  ${letter.at.toISOString()}  ${why}${mark}`);
  say(`    ${text}`);
}

const letterCount = (count: number): string => `${count} dead letter${count === 1 ? '' : 's'}`;

async function list(box: DeadLetterBox, from: number): Promise<void> {
  const letters = await box.list(from, LIST_MAX);
  for (const letter of letters) show(letter);
  const last = letters.at(-1)?.id;
  const all = await box.count();
  const more = letters.length === LIST_MAX ? `; more with "list ${(last ?? 0) + 1}"` : '';
  say(`${letters.length} shown of ${letterCount(all)}${more}.`);
}

async function one(box: DeadLetterBox, id: number): Promise<DeadLetter> {
  const [letter] = await box.list(id, 1);
  if (letter?.id !== id) throw new CannotRun(`There is no dead letter ${id}.`);
  return letter;
}

async function replay(box: DeadLetterBox, letter: DeadLetter): Promise<boolean> {
  if (letter.cut) say(`${letter.id} was not kept whole: it cannot be replayed.`);
  else {
    await box.replay(letter);
    say(`${letter.id} was sent again.`);
  }
  return !letter.cut;
}

async function replayAll(box: DeadLetterBox): Promise<void> {
  let [sent, left, from] = [0, await box.count(), 1];
  // What dies again comes to the end, so counting keeps this from sending it indefinitely.
  while (left > 0) {
    const letters = await box.list(from, Math.min(left, LIST_MAX));
    if (letters.length === 0) break;
    for (const letter of letters) if (await replay(box, letter)) sent += 1;
    left -= letters.length;
    from = (letters.at(-1)?.id ?? from) + 1;
  }
  say(`Sent again: ${letterCount(sent)}.`);
}

async function drop(box: DeadLetterBox, id: number): Promise<void> {
  await box.forget(await one(box, id));
  say(`${id} is forgotten.`);
}

async function withBox(work: (box: DeadLetterBox) => Promise<unknown>): Promise<void> {
  const instance = resolveInstance();
  if (!existsSync(join(instance.dataDir, 'secrets.json')))
    throw new CannotRun(`Instance ${instance.number} has never been started.`);
  const connection = await connectAsAdmin(instance, loadSecrets(instance.dataDir)).catch(
    (cause) => {
      throw new CannotRun(`Instance ${instance.number} does not run ("npm start" starts it).`, {
        cause,
      });
    },
  );
  try {
    await work(await openDeadLetterBox(connection));
  } finally {
    await connection.close();
  }
}

const idOf = wholeNumber(1);

/** `npm run dead-letters`: for the operator of instance CORE_BANK_INSTANCE. */
runCommand(async () => {
  const made = command('dead-letters', 'Shows command messages that nobody could read.');
  made
    .command('list')
    .description('shows them')
    .argument('[from]', 'the first id', idOf, 1)
    .action((from) => withBox((box) => list(box, from)));
  made
    .command('replay')
    .description('sends one again as it was')
    .argument('<id>', 'of one, or "all"', (text) => (text === 'all' ? text : idOf(text)))
    .action((id) =>
      withBox(async (box) => (id === 'all' ? replayAll(box) : replay(box, await one(box, id)))),
    );
  made
    .command('drop')
    .description('forgets one permanently')
    .argument('<id>', 'of one', idOf)
    .action((id) => withBox((box) => drop(box, id)));
  await made.parseAsync();
});
