import { text } from 'node:stream/consumers';
import { resolveInstance } from '../runtime/instance.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { command } from './command-line.ts';
import { possessionProof, proofKey } from './possession-proof.ts';

const HELP = `Reads a token of "npm run -s token -- ROLE --dpop" from its input and prints a proof
for one request with it: the value of the header DPoP (RFC 9449).`;

/** `npm run -s dpop-proof -- METHOD URL`: prints a proof, and nothing else. */
runCommand(async () => {
  const made = command('-s dpop-proof', HELP)
    .argument('<method>', 'GET, POST or PUT')
    .argument('<url>', 'the address of the request; a query is left out')
    .parse();
  const [method, address] = made.processedArgs;
  if (!URL.canParse(address)) throw new CannotRun(`${address} is no address.`);
  const url = new URL(address);
  url.search = '';
  const token = (await text(process.stdin)).trim();
  if (token === '') throw new CannotRun('The access token comes by the input, and there is none.');
  const key = proofKey(resolveInstance().dataDir);
  process.stdout.write(`${await possessionProof(key, method, url.href, token)}\n`);
});
