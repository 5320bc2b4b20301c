import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveInstance } from '../../runtime/instance.ts';
import { findPrograms, SERVED_BY_START } from '../../runtime/programs/programs.ts';
import { createProgress, runCommand } from '../../runtime/progress.ts';
import { command } from '../command-line.ts';
import { say } from '../terminal.ts';
import { isAllowed } from './licences.ts';
import { licencesPage } from './licences-page.ts';
import { goParts, npmParts, type Part } from './parts.ts';

/** A component of CycloneDX 1.6 (ECMA-424). */
const componentOf = ({ from, name, version, licence, hash, isForDevelopment }: Part) => ({
  type: 'library',
  name,
  version,
  'bom-ref': purl(from, name, version),
  purl: purl(from, name, version),
  scope: isForDevelopment ? 'excluded' : 'required',
  licenses: [{ expression: licence }],
  ...(from === 'npm' && hash !== undefined
    ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }] }
    : {}),
  ...(from === 'golang' ? { properties: [{ name: 'go:h1', value: hash }] } : {}),
});

const purl = (from: Part['from'], name: string, version: string): string =>
  `pkg:${from}/${name.replace('@', '%40')}@${version.replaceAll('+', '%2B')}`;

/** Each once, by name and version. */
const distinct = (parts: readonly Part[]): Part[] =>
  [...new Map(parts.map((part) => [purl(part.from, part.name, part.version), part]))]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, part]) => part);

/** `npm run sbom`: what the bank consists of, as CycloneDX, and under which licences. */
runCommand(async () => {
  command('sbom', 'Writes dist/sbom.cdx.json (CycloneDX) and docs/licences.md.').parse();
  const place = resolveInstance();
  const { root } = place;
  const programs = await findPrograms(place, SERVED_BY_START, createProgress());
  const parts = distinct([...npmParts(root), ...goParts(Object.values(programs))]);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const components = parts.map(componentOf);
  // Of one tree it is one text, so no time and no random number is in it.
  const digest = createHash('sha256').update(JSON.stringify(components)).digest('hex');
  const serial = digest.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${serial}`,
    version: 1,
    metadata: { component: { type: 'application', name: 'core-bank', version } },
    components,
  };
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist', 'sbom.cdx.json'), `${JSON.stringify(bill, null, 2)}\n`);
  writeFileSync(join(root, 'docs', 'licences.md'), licencesPage(parts));
  say(`dist/sbom.cdx.json: ${parts.length} parts. docs/licences.md: their licences.`);
  const others = parts.filter(({ licence }) => !isAllowed(licence));
  for (const { name, licence } of others)
    say(`Not among the allowed licences: ${name}, ${licence}`);
});
