// Writes the client's types from the published OpenAPI document; with --check, says whether they still fit it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const api = new URL('../../packages/inference-api/', import.meta.url);
const document = new URL('openapi.json', api);
const types = fileURLToPath(new URL('src/client/generated/paths.ts', api));

const header = '// Made from openapi.json by `npm run generate -w tools/client-types`. Not to be edited.\n';
const text = header + astToString(await openapiTS(document, { alphabetize: true }));

if (!process.argv.includes('--check')) {
  writeFileSync(types, text);
} else if (readFileSync(types, 'utf8') !== text) {
  process.stderr.write(
    'The client types do not fit openapi.json: run `npm run generate -w tools/client-types` and commit the result.\n',
  );
  process.exitCode = 1;
}
