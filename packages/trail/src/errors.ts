/** What can be wrong with bytes handed to this package. Verification results are returned, never thrown. */
export const TRAIL_ERRORS = {
  'not-canonical': 'The bytes are not the one canonical encoding of their value.',
  'not-encodable': 'The value has no canonical encoding (a float, null, a non-ASCII key, …).',
  'too-large': 'The encoding is larger than the format allows.',
  'bad-hex': 'The text is not lowercase hexadecimal of the expected length.',
  'bad-base64': 'The text is not standard padded base64.',
  'bad-record': 'The record does not follow its schema.',
  'bad-index': 'The index or size lies outside the log.',
  'bad-tile': 'The tile, entry bundle or its path is malformed.',
  'bad-checkpoint': 'The checkpoint text is malformed.',
  'bad-note': 'The signed note is malformed.',
  'bad-key': 'The key is malformed.',
  'bad-envelope': 'The DSSE envelope is malformed.',
  'bad-manifest': 'The manifest does not follow its schema.',
  'bad-sample': 'The sample does not follow its schema.',
  'bad-evidence': 'The evidence bundle does not follow its schema.',
} as const;

export type TrailErrorCode = keyof typeof TRAIL_ERRORS;

/** Thrown for unreadable input and for bugs; `code` is stable, the message is for people. */
export class TrailError extends Error {
  override readonly name = 'TrailError';
  readonly code: TrailErrorCode;

  constructor(code: TrailErrorCode, detail: string, options?: ErrorOptions) {
    super(`${TRAIL_ERRORS[code]} ${detail}`, options);
    this.code = code;
  }
}
