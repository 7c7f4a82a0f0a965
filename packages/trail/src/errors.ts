/** What can be wrong with bytes handed to this package. Verification results are returned, never thrown. */
export const TRAIL_ERRORS = {
  'not-canonical': {
    title: 'The bytes are not the one canonical encoding of their value.',
    help: 'Write them with encodeCanonical, or as docs/spec/record.md says; never re-serialise what was hashed.',
  },
  'not-encodable': {
    title: 'The value has no canonical encoding.',
    help: 'Use strings in NFC, integers within ±(2^53 - 1), booleans, arrays and plain objects with ASCII keys.',
  },
  'too-large': {
    title: 'The encoding is larger than the format allows.',
    help: 'Put large payloads beside the log and commit to their digest.',
  },
  'bad-hex': {
    title: 'The text is not lowercase hexadecimal of the expected length.',
    help: 'Write each byte as two of 0-9 and a-f, without a prefix.',
  },
  'bad-base64': {
    title: 'The text is not standard padded base64.',
    help: 'Use the alphabet of RFC 4648 section 4, with padding and without line breaks.',
  },
  'bad-record': {
    title: 'The record does not follow its schema.',
    help: 'Compare it with its type in docs/spec/record.md; unknown fields are refused.',
  },
  'bad-index': {
    title: 'The index or size lies outside the log.',
    help: 'Indexes start at 0 and lie below the size.',
  },
  'bad-tile': {
    title: 'The tile, entry bundle or its path is malformed.',
    help: 'See docs/spec/log.md and C2SP tlog-tiles.',
  },
  'bad-checkpoint': {
    title: 'The checkpoint text is malformed.',
    help: 'See docs/spec/checkpoint.md and C2SP tlog-checkpoint.',
  },
  'bad-note': {
    title: 'The signed note is malformed, or a known key did not make its signature.',
    help: 'Fetch the note again and compare; a note that was edited can never be repaired.',
  },
  'bad-key': {
    title: 'The key is malformed.',
    help: 'Ed25519 keys, subject keys and salts have 32 bytes; a verifier key is name+hash+base64.',
  },
  'bad-envelope': {
    title: 'The DSSE envelope is malformed.',
    help: 'It has payloadType, payload and at least one signature with keyid and sig.',
  },
  'bad-manifest': {
    title: 'The manifest does not follow its schema.',
    help: 'See docs/spec/dataset-manifest.md and docs/spec/model-manifest.md.',
  },
  'bad-sample': {
    title: 'The sample does not follow its schema, or the dataset has two histories of one sample.',
    help: 'Append a leaf that supersedes the newest one of its id; never change or repeat a leaf.',
  },
  'bad-evidence': {
    title: 'The evidence bundle does not follow its schema.',
    help: 'See docs/spec/evidence-bundle.md.',
  },
} as const;

export type TrailErrorCode = keyof typeof TRAIL_ERRORS;

/** Thrown for unreadable input and for bugs; `code` is stable, the message is for people. */
export class TrailError extends Error {
  override readonly name = 'TrailError';
  readonly code: TrailErrorCode;

  constructor(code: TrailErrorCode, detail: string, options?: ErrorOptions) {
    super(`${TRAIL_ERRORS[code].title} ${detail}`, options);
    this.code = code;
  }
}
