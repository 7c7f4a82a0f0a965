import { entriesOf } from './entry.ts';

export const BUNDLE_FINDINGS = entriesOf('bundle', {
  verified: {},
  failed: {
    'bundle-malformed': {
      title: 'The evidence bundle does not have the form of an evidence bundle',
      meaning:
        'The file was damaged or altered, or it is not an evidence bundle; nothing in it can be relied on.',
      next: 'Ask the operator for the bundle again and compare the two files.',
    },
  },
  inconclusive: {
    'checks-none': {
      title: 'No check was run',
      meaning: 'An audit without a single check shows nothing.',
    },
  },
});

export const RECORD_FINDINGS = entriesOf('record', {
  verified: {
    'record-well-formed': {
      title: 'The record is in its one canonical form',
      meaning: 'The bytes state exactly one record; nothing in them can be read in two ways.',
    },
  },
  failed: {
    'record-malformed': {
      title: 'The record is not in canonical form',
      meaning:
        'No correct writer produces these bytes: the record was altered, or written by another program.',
      next: 'Fetch the record from the log itself and compare: testigo-audit trail --log URL.',
    },
    'record-hash-mismatch': {
      title: 'The record does not have the hash that the bundle states',
      meaning: 'The record was changed after its hash was taken.',
      next: 'Fetch the record from the log itself and compare: testigo-audit trail --log URL.',
    },
    'record-swapped': {
      title: 'The bundle holds another record than the one it names',
      meaning: 'Evidence for one record is being presented as evidence for another.',
      next: 'Ask the operator for the bundle of the record you named.',
    },
  },
  inconclusive: {
    'record-ambiguous': {
      title: 'The id is that of a record and of a session',
      meaning:
        'Ids are drawn at random, so this does not happen by chance: one may be meant to be taken for the other.',
      next: 'Verify the one you mean by its hash or its range: testigo-audit verify FIRST..LAST.',
    },
    'record-not-found': {
      title: 'The log holds no such record up to its checkpoint',
      meaning:
        'What is not there cannot be verified: it may be newer than the checkpoint, or never have been logged.',
      next: 'Try again later; if you hold a receipt with a checkpoint that covers the record, verify its bundle.',
    },
  },
});

export const SESSION_FINDINGS = entriesOf('session', {
  verified: {
    'session-complete': {
      title: 'The session is complete: opened, gapless, and closed with the counts that the log holds',
      meaning: 'No record of the session is missing from the log.',
    },
  },
  failed: {},
  inconclusive: {
    'session-open': {
      title: 'The session is not closed yet',
      meaning: 'Whether records are missing at its end shows only when it is closed with its counts.',
      next: 'Verify again when the session is closed.',
    },
  },
});

export const INCLUSION_FINDINGS = entriesOf('inclusion', {
  verified: {
    'inclusion-proven': {
      title: 'The record is in the log, at the stated index',
      meaning: 'The log commits to exactly this record at exactly this place.',
    },
  },
  failed: {
    'inclusion-proof-invalid': {
      title: 'The inclusion proof does not lead from the record to the root of the checkpoint',
      meaning: 'The log that the checkpoint describes does not hold this record at this index.',
      next: 'Read the record and its neighbours from the log: testigo-audit trail --log URL.',
    },
    'inclusion-index-out-of-range': {
      title: 'The stated index lies outside the tree',
      meaning: 'No log of this size can hold a record at this index.',
    },
  },
  inconclusive: {
    'inclusion-unchecked': {
      title: 'Inclusion cannot be judged without a readable checkpoint',
      meaning: 'There is no root to prove the record against.',
    },
    'inclusion-unproven': {
      title: 'The log does not serve the hashes that a proof of inclusion needs',
      meaning: 'Whether the log holds the record at this index is not shown.',
      next: 'Ask the operator to serve the missing tile, and verify again.',
    },
  },
});

export const CHECKPOINT_FINDINGS = entriesOf('checkpoint', {
  verified: {
    'checkpoint-signed': {
      title: 'The checkpoint is signed by the pinned key of the log',
      meaning: 'The operator of the log committed to this size and root.',
    },
    'checkpoint-witnessed': {
      title: 'Enough pinned witnesses cosigned the checkpoint',
      meaning: 'The log shows the same history to others.',
    },
  },
  failed: {
    'checkpoint-malformed': {
      title: 'The checkpoint is not a well-formed signed note',
      meaning: 'The checkpoint was altered or damaged.',
      next: 'Fetch the checkpoint from the log and compare.',
    },
    'checkpoint-signature-invalid': {
      title: 'The signature under the name of the pinned key does not fit the checkpoint',
      meaning:
        'The size and the root are not what the operator of the log signed, or somebody else signed them.',
      next: 'Compare with the checkpoint that the log serves, and check the key in the trust file.',
    },
    'checkpoint-signature-missing': {
      title: 'The checkpoint carries no signature by the pinned key',
      meaning: 'Nobody whom the trust file names vouches for this size and root.',
      next: 'Compare with the checkpoint that the log serves, and check the key in the trust file.',
    },
    'checkpoint-log-unpinned': {
      title: 'The checkpoint is of a log that the trust file does not name',
      meaning: 'The evidence comes from a log you have not decided to trust.',
      next: 'If you mean to trust this log, pin its origin and its key in the trust file.',
    },
  },
  inconclusive: {
    'checkpoint-witnesses-missing': {
      title: 'Fewer witnesses cosigned the checkpoint than the trust file asks for',
      meaning: 'The log could be showing another history to others.',
      next: 'Ask for a checkpoint with more cosignatures.',
    },
    'trust-missing': {
      title: 'There is no trust file',
      meaning: 'Without pinned keys and a pinned registry anybody could have made this evidence.',
      next: 'Obtain the trust file from a source other than the operator and pass --trust FILE.',
    },
  },
});

export const DISCLOSURE_FINDINGS = entriesOf('disclosures', {
  verified: {
    'disclosures-open': {
      title: 'Every disclosed field opens its commitment in the record',
      meaning: 'The disclosed values are the ones the record was written with.',
    },
  },
  failed: {
    'disclosure-mismatch': {
      title: 'A disclosed value does not open its commitment',
      meaning: 'The value shown is not the one the record was written with.',
      next: 'Ask the operator for the value and the salt of this field again.',
    },
    'disclosure-field-unknown': {
      title: 'A disclosure names a field that the record does not commit to',
      meaning: 'The value shown has no backing in the record.',
    },
  },
  inconclusive: {},
});
