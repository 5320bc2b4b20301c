import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { commandEvent } from '../contracts/batch/command-messages.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { producerKeyFile } from '../runtime/message-producer.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { command, wholeNumber } from './command-line.ts';
import { readProducerKey, signMessage } from './message-signature.ts';

const HELP = `Reads a command message (a CloudEvent in JSON) from its input and prints it with the
signature of its producer, as the topic account-commands wants it.`;

async function run(): Promise<void> {
  const { args, opts } = readWords();
  const file = opts.key ?? producerKeyFile(resolveInstance().dataDir);
  if (!existsSync(file)) throw new CannotRun(`There is no key at ${file}: "npm start" makes one.`);
  if (args.length > 0) throw new CannotRun('The message comes by the input, not by words.');
  const read = commandEvent.safeParse(JSON.parse(await text(process.stdin)));
  if (!read.success) throw new CannotRun(`The input is no CloudEvent: ${read.error.message}`);
  const lastsMs = opts.lasts === undefined ? undefined : opts.lasts * 1_000;
  const signed = await signMessage(read.data, readProducerKey(file), lastsMs);
  process.stdout.write(`${JSON.stringify(signed)}\n`);
}

function readWords() {
  const made = command('sign-message', HELP)
    .option('--key <file>', "a producer's key; the one that npm start made when missing")
    .option('--lasts <seconds>', 'it is not begun later than that', wholeNumber(1))
    .parse();
  return { args: made.args, opts: made.opts() };
}

runCommand(run);
