import type { AuditReport } from './report.ts';
import { formatText } from './text.ts';

export const FORMATS = ['text', 'json'] as const;
export type Format = (typeof FORMATS)[number];

export function formatReport(report: AuditReport, format: Format, options: { colour: boolean }): string {
  switch (format) {
    case 'text':
      return formatText(report, options);
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
  }
}
