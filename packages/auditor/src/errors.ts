/**
 * Errors are for input that cannot be read and for wrong usage. What an audit finds out about the evidence is
 * never thrown: it is returned as findings.
 */
export const AUDIT_ERRORS = {
  usage: { title: 'The command line asks for something this program cannot do' },
  'file-unreadable': { title: 'A file named on the command line cannot be read' },
  'trust-file-invalid': { title: 'The trust file does not have the form of a trust file' },
  'samples-invalid': { title: 'The samples file does not have the form of FER-2013' },
  'evidence-file-invalid': { title: 'The evidence file is damaged or about other rows' },
  'reserve-invalid': { title: 'The clean reserve is damaged, or nobody trusted signed it' },
  'output-unwritable': { title: 'The result cannot be written where it was meant to go' },
  'scratch-unwritable': { title: 'The auditor cannot use files for what does not fit in memory' },
  'export-impossible': { title: 'The evidence bundle cannot be made' },
  'key-unreadable': { title: 'There is no usable key to send transactions with' },
  'publish-refused': { title: 'The registry or the node refuses what was to be published' },
  'finding-unknown': { title: 'No finding has this code' },
} as const satisfies Record<string, { title: string }>;

export type AuditErrorCode = keyof typeof AUDIT_ERRORS;

export class AuditError extends Error {
  readonly code: AuditErrorCode;

  constructor(code: AuditErrorCode, detail: string, options?: { cause?: unknown }) {
    super(detail, options);
    this.name = 'AuditError';
    this.code = code;
  }
}

/** What the system's commonest codes for files mean, in words. */
const FILE_TROUBLES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'access is denied',
  EEXIST: 'it is there already',
  ENOSPC: 'the disk is full',
  EPIPE: 'nobody reads it any more',
};

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return FILE_TROUBLES[code ?? ''] ?? error.message;
}
