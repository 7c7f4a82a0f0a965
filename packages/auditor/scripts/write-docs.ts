// Writes the documents that are made from code; test/docs.test.ts fails when one has drifted.
import { writeFileSync } from 'node:fs';
import { GENERATED_DOCS } from './generated-docs.ts';

for (const { path, content } of GENERATED_DOCS) writeFileSync(path, content);
