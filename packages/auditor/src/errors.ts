/**
 * Errors are for input that cannot be read and for wrong usage. What an audit finds out about the evidence is
 * never thrown: it is returned as findings.
 */
export const AUDIT_ERRORS = {
  usage: {
    title: 'The command line asks for something this program cannot do',
    help: 'See testigo-audit COMMAND --help.',
  },
  'file-unreadable': {
    title: 'A file named on the command line cannot be read',
    help: 'Check the path, and that it is a file of the kind that was asked for.',
  },
  'trust-file-invalid': {
    title: 'The trust file does not have the form of a trust file',
    help: 'Compare it with docs/spec/trust-file.schema.json, or obtain it again from whoever made it.',
  },
  'samples-invalid': {
    title: 'The samples or predictions file does not have the form that docs/poisoning.md states',
    help: 'Check that line, and that this is the right file.',
  },
  'evidence-file-invalid': {
    title: 'The evidence file is damaged, says nothing, or is about other rows',
    help: 'Make it again from these samples: testigo-model evidence --data FILE --out EV.',
  },
  'reserve-invalid': {
    title: 'The clean reserve is damaged, or nobody trusted signed it',
    help: 'Pin its custodian with --trust FILE, or have it signed again: testigo-audit reserve.',
  },
  'output-unwritable': {
    title: 'The result cannot be written where it was meant to go',
    help: 'Check that the folder exists, may be written to and has room.',
  },
  'scratch-unwritable': {
    title: 'The auditor cannot use files for what does not fit in memory',
    help: 'Make room there, or set TMPDIR to a folder that has some.',
  },
  'export-impossible': {
    title: 'The evidence bundle cannot be made',
    help: 'Check the log, the record and the chain that were named.',
  },
  'key-unreadable': {
    title: 'There is no usable key to sign or send transactions with',
    help: 'A key file holds 32 bytes in hex; testigo-audit key FILE makes one to sign with.',
  },
  'publish-refused': {
    title: 'The registry or the node refuses what was to be published',
    help: 'Nothing was sent after it; what stands on chain already is not sent again.',
  },
  'finding-unknown': {
    title: 'No finding has this code',
    help: 'List them all: testigo-audit explain.',
  },
} as const satisfies Record<string, { title: string; help: string }>;

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
  ENOTDIR: 'it is no folder',
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

/** To be written, a file need not be there, but its folder must. */
export const describeWriting = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    ? 'its folder does not exist'
    : messageOf(cause);
