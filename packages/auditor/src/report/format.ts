import { formatHtml } from './html.ts';
import { formatJunit } from './junit.ts';
import type { AuditReport } from './report.ts';
import { formatSarif } from './sarif.ts';
import { formatText } from './text.ts';

export const FORMATS = ['text', 'json', 'sarif', 'junit', 'html'] as const;
export type Format = (typeof FORMATS)[number];

export function formatReport(report: AuditReport, format: Format, options: { colour: boolean }): string {
  switch (format) {
    case 'text':
      return formatText(report, options);
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'sarif':
      return formatSarif(report);
    case 'junit':
      return formatJunit(report);
    case 'html':
      return formatHtml(report);
  }
}
