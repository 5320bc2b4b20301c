// Prints, as JSON, what two linters of OpenAPI find in the documents that it is given the paths of,
// and one of them in AsyncAPI documents.
// A program of its own, because both are ES modules, which the test runner does not take as they are.
import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectral from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';

const redocly = await createConfig({ extends: ['recommended'] });
const oas = new spectral.Spectral();
oas.setRuleset({ extends: [[rulesets.oas, 'recommended']] });
const asyncApi = new spectral.Spectral();
asyncApi.setRuleset({
  extends: [[rulesets.asyncapi, 'recommended']],
  // The project has no address of its own to name.
  rules: { 'asyncapi-info-contact-properties': 'off' },
});

const found = [];
for (const path of process.argv.slice(2)) {
  const source = readFileSync(path, 'utf8');
  const isAsync = 'asyncapi' in JSON.parse(source);
  const asked = isAsync ? [] : await lintFromString({ source, config: redocly });
  for (const { ruleId, message, location } of asked) {
    found.push(`redocly ${ruleId}: ${message} ${location[0]?.pointer ?? ''}`);
  }
  for (const { code, message, path: place } of await (isAsync ? asyncApi : oas).run(source)) {
    found.push(`spectral ${code}: ${message} ${place.join('/')}`);
  }
}
process.stdout.write(JSON.stringify(found));
