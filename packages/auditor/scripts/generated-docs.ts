import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { documentFindings } from '../src/findings/document.ts';
import { reportSchema } from '../src/report/report.ts';
import { trustFileSchema } from '../src/trust/trust-file.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const toJson = (schema: z.ZodType, title: string): string =>
  `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input' }) }, null, 2)}\n`;

export const GENERATED_DOCS = [
  { path: at('docs/findings.md'), content: documentFindings() },
  {
    path: at('docs/spec/audit-report.schema.json'),
    content: toJson(reportSchema, 'Testigo audit report, version 1'),
  },
  { path: at('docs/spec/trust-file.schema.json'), content: toJson(trustFileSchema, 'Testigo trust file') },
];
