import { REQUEST_ERRORS } from './http/problem-codes.ts';
import { REFUSAL_CODES } from './policy/refusal-codes.ts';

/** Every error code of the API, with what a client is told. One table feeds problem+json and docs/api-errors.md. */
export const API_ERRORS = {
  ...REQUEST_ERRORS,
  ...REFUSAL_CODES,
  'record-invalid': {
    title: 'The record is not in its canonical form',
    help: 'Encode the record as docs/spec/record.md says; the log stores only the one canonical form.',
    httpStatus: 422,
  },
  'record-id-taken': {
    title: 'Another record already has this id',
    help: 'A record id names one record for ever. Use a fresh random id, or send the same bytes again.',
    httpStatus: 409,
  },
  'record-too-large': {
    title: 'The record is larger than a log leaf may be',
    help: 'A leaf holds 65,535 bytes at most; put large payloads beside the log and commit to their digest.',
    httpStatus: 413,
  },
  'record-unknown': {
    title: 'No record has this id',
    help: 'Check the id: 32 lowercase hexadecimal digits.',
    httpStatus: 404,
  },
  'log-range': {
    title: 'The log is not that large',
    help: 'Ask for an index below the size of the published checkpoint.',
    httpStatus: 404,
  },
  'log-locked': {
    title: 'Another process is writing this log',
    help: 'A log has one writer. Stop the other process, or give this one a data folder of its own.',
    httpStatus: 503,
  },
  'log-unavailable': {
    title: 'The log cannot write',
    help: 'Nothing was acknowledged. Check the disk, then start the service again.',
    httpStatus: 503,
  },
  'log-overloaded': {
    title: 'The log has more records waiting than it may hold',
    help: 'Send the record again after the Retry-After delay; an id is never logged twice.',
    httpStatus: 503,
  },
  'not-writer': {
    title: 'This replica does not write',
    help: 'Another replica took over. Nothing was recorded by this one; send the request again.',
    httpStatus: 503,
  },
  'writer-unknown': {
    title: 'No replica is ready to write',
    help: 'Nothing was recorded. One takes over within seconds; send the request again after Retry-After.',
    httpStatus: 503,
  },
  'writer-lost': {
    title: 'The writing replica went away before it answered',
    help: 'The request may have been carried out, or not. With an Idempotency-Key, or a record of its own id, it is safe to send again.',
    httpStatus: 503,
  },
  'store-unavailable': {
    title: 'The database cannot be reached or written',
    help: 'Nothing was acknowledged. Check the PostgreSQL server and the store setting, or the disk and the rights of the data folder; a running service goes on by itself.',
    httpStatus: 503,
  },
  'store-version': {
    title: 'The database belongs to another release',
    help: 'Run the release that made it, or give this one a data folder or database of its own.',
    httpStatus: 500,
  },
  'log-corrupt': {
    title: 'The stored log contradicts itself',
    help: 'Do not append. Restore the data folder, and compare it with the last anchored checkpoint.',
    httpStatus: 500,
  },
  'log-forked': {
    title: 'The stored log contradicts what the registry anchored',
    help: 'The data folder is older than, or differs from, the anchored log. Restore the newest copy.',
    httpStatus: 500,
  },
} as const satisfies Record<string, { title: string; help: string; httpStatus: number }>;

export type ApiErrorCode = keyof typeof API_ERRORS;

export type ApiErrorOptions = {
  readonly cause?: unknown;
  /** Further members of the problem document; never image bytes, scores or secrets. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
};

export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly httpStatus: number;
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ApiErrorCode, detail?: string, options: ApiErrorOptions = {}) {
    super(detail ?? API_ERRORS[code].title, { cause: options.cause });
    this.name = 'ApiError';
    this.code = code;
    this.httpStatus = API_ERRORS[code].httpStatus;
    this.extensions = options.extensions ?? {};
    this.headers = options.headers ?? {};
  }
}
