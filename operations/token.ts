import { issuerOf, localToken, tokenUrl } from '../runtime/programs/issuer.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { CannotRun, runCommand } from '../runtime/progress.ts';
import { existingSecrets } from '../runtime/secrets.ts';
import { command } from './command-line.ts';
import { possessionProof, proofKey } from './possession-proof.ts';

/** `npm run -s token -- ROLE`: prints an access token of the local issuer, and nothing else. */
runCommand(async () => {
  const made = command('-s token', 'Prints an access token of the local issuer, and only that.')
    .argument('<role...>', 'customer, teller, operator, auditor, privacy-officer or service')
    .option('--person <id>', 'the person whose accounts a customer owns')
    .option('--client <name>', 'the application that acts')
    .option('--as <name>', 'who acts; by default named after the role')
    .option('--scope <scopes>', 'fewer rights than the roles have, separated by spaces')
    .option('--dpop', 'bound to a key of this data folder: "npm run -s dpop-proof" proves it')
    .parse();
  const { as: subject, dpop, ...wish } = made.opts();
  const instance = resolveInstance();
  const issuer = issuerOf(instance);
  if (!issuer.isLocal && process.env['ISSUER_LOCAL_SECRET'] === undefined) {
    throw new CannotRun(`The bank takes tokens of ${issuer.url}: ask there for one.`);
  }
  const [roles] = made.processedArgs;
  const proof =
    dpop === undefined
      ? {}
      : {
          proof: await possessionProof(proofKey(instance.dataDir), 'POST', tokenUrl(instance)),
        };
  const asked = { ...wish, ...proof, ...(subject === undefined ? {} : { subject }) };
  // In a container the secret of the issuer is in its environment.
  const issuerLocal = process.env['ISSUER_LOCAL_SECRET'];
  const secrets = issuerLocal === undefined ? existingSecrets(instance.dataDir) : { issuerLocal };
  const { token } = await localToken(instance, secrets, roles, asked);
  process.stdout.write(`${token}\n`);
});
