import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDeadLetterBox, type DeadLetter, type DeadLetterBox } from './dead-letter-box.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { connectAsAdmin } from '../runtime/programs/nats.ts';
import { Refusal, runCommand } from '../runtime/progress.ts';
import { loadSecrets } from '../runtime/secrets.ts';

const LIST_MAX = 100;
const SHOWN_CHARACTERS = 300;
const USAGE =
  'Say what to do: "list [from id]", "replay <id>", "replay all", "drop <id>". ' +
  'A replay sends the message again; drop forgets it for ever.';

// What is in a message came from outside: control characters could repaint the terminal.
const printable = (text: string): string =>
  text.slice(0, SHOWN_CHARACTERS).replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');

function show(letter: DeadLetter): void {
  const errors = letter.errors.map(({ at, message }) => `${at} ${message}`).join('; ');
  const why = printable(errors === '' ? letter.reason : `${letter.reason}: ${errors}`);
  const cut = letter.cut ? ' (cut, cannot be replayed)' : '';
  const text = printable(Buffer.from(letter.message).toString());
  process.stdout.write(`${letter.id}  ${letter.at.toISOString()}  ${why}${cut}\n    ${text}\n`);
}

async function list(box: DeadLetterBox, from: number): Promise<void> {
  const letters = await box.list(from, LIST_MAX);
  for (const letter of letters) show(letter);
  const last = letters.at(-1)?.id;
  const all = await box.count();
  const more = letters.length === LIST_MAX ? `; more with "list ${(last ?? 0) + 1}"` : '';
  process.stdout.write(`${letters.length} shown, ${all} dead letters in all${more}.\n`);
}

async function one(box: DeadLetterBox, id: number): Promise<DeadLetter> {
  const [letter] = await box.list(id, 1);
  if (letter?.id !== id) throw new Refusal(`There is no dead letter ${id}.`);
  return letter;
}

async function replay(box: DeadLetterBox, letter: DeadLetter): Promise<boolean> {
  if (letter.cut) process.stdout.write(`${letter.id} was not kept whole: it cannot be replayed.\n`);
  else {
    await box.replay(letter);
    process.stdout.write(`${letter.id} was sent again.\n`);
  }
  return !letter.cut;
}

async function replayAll(box: DeadLetterBox): Promise<void> {
  let [sent, left, from] = [0, await box.count(), 1];
  // What dies again comes to the end, so counting keeps this from sending it for ever.
  while (left > 0) {
    const letters = await box.list(from, Math.min(left, LIST_MAX));
    if (letters.length === 0) break;
    for (const letter of letters) if (await replay(box, letter)) sent += 1;
    left -= letters.length;
    from = (letters.at(-1)?.id ?? from) + 1;
  }
  process.stdout.write(`${sent} dead letters were sent again.\n`);
}

const idOf = (text: string | undefined): number => {
  if (text === undefined || !/^[1-9][0-9]{0,14}$/.test(text)) throw new Refusal(USAGE);
  return Number(text);
};

/** `npm run dead-letters -- list|replay|drop`: for the operator of instance CORE_BANK_INSTANCE. */
runCommand(async () => {
  const [what, which] = process.argv.slice(2);
  const instance = resolveInstance();
  if (!existsSync(join(instance.dataDir, 'secrets.json')))
    throw new Refusal(`Instance ${instance.number} has never been started.`);
  const connection = await connectAsAdmin(instance, loadSecrets(instance.dataDir)).catch(
    (cause) => {
      throw new Refusal(`Instance ${instance.number} does not run ("npm start" starts it).`, {
        cause,
      });
    },
  );
  try {
    const box = await openDeadLetterBox(connection);
    if (what === 'list') await list(box, which === undefined ? 1 : idOf(which));
    else if (what === 'replay' && which === 'all') await replayAll(box);
    else if (what === 'replay') await replay(box, await one(box, idOf(which)));
    else if (what === 'drop') {
      const letter = await one(box, idOf(which));
      await box.forget(letter);
      process.stdout.write(`${letter.id} is forgotten.\n`);
    } else throw new Refusal(USAGE);
  } finally {
    await connection.close();
  }
});
