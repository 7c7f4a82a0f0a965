import { entriesOf } from './entry.ts';

export const TRAIL_FINDINGS = entriesOf('trail', {
  verified: {
    'trail-tree-matches': {
      title: 'Every record hashes into the root of the checkpoint, and every tile agrees',
      meaning: 'The log holds exactly these records in exactly this order.',
    },
    'trail-anchors-match': {
      title: 'Every anchor on chain is a root of this very log',
      meaning: 'No part of the log was rewritten since the first anchor.',
    },
    'trail-records-consistent': {
      title: 'Records, sessions and erasures are complete and agree with each other',
      meaning: 'No record is missing from a session, and none stands in the log twice.',
    },
    'trail-models-registered': {
      title:
        'Every model that readings and sessions name is registered on chain, on the approved dataset that they name, and neither is revoked',
      meaning:
        'No reading came from a model that nobody published, or that was withdrawn with its data since.',
    },
    'trail-checkpoints-match': {
      title: 'Every earlier checkpoint at hand is a root of this very log',
      meaning: 'What the log signed before still holds.',
    },
  },
  failed: {
    'trail-root-mismatch': {
      title: 'The records do not hash into the root of the checkpoint',
      meaning: 'A record was changed, moved, added or taken away after the checkpoint was signed.',
      next: 'Compare with an earlier copy of the log to find the first record that differs.',
    },
    'trail-tile-mismatch': {
      title: 'A hash tile does not agree with the records under it',
      meaning: 'Proofs made from this tile would be wrong: a record or the tile was changed.',
    },
    'trail-entries-malformed': {
      title: 'An entry bundle cannot be taken apart into records',
      meaning: 'The bundle was damaged or cut short.',
    },
    'trail-record-malformed': {
      title: 'A record in the log is not in canonical form',
      meaning: 'No correct writer produces these bytes.',
    },
    'trail-record-duplicate': {
      title: 'A record id stands in the log twice',
      meaning: 'A reading was logged twice, or an id was reused to shadow another record.',
    },
    'trail-session-unopened': {
      title: 'A session has records before it was opened',
      meaning: 'The opening of the session, with purpose and legal basis, is missing.',
    },
    'trail-sequence-gap': {
      title: 'The sequence of a session has a gap or goes backwards',
      meaning: 'At least one record of the session never reached the log, or the order was changed.',
    },
    'trail-session-counts-mismatch': {
      title: 'A session was closed with other counts than the log holds',
      meaning: 'Records of the session are missing from the log, or were added.',
    },
    'trail-session-reopened': {
      title: 'A session has readings after it was closed',
      meaning: 'Readings were taken outside the stated period of use.',
    },
    'trail-reference-unknown': {
      title: 'A review or an override names a detection that the log does not hold',
      meaning: 'The record that a person reviewed is missing, or is no detection.',
    },
    'trail-release-unbacked': {
      title: 'A release names a legal hold that its session is not under',
      meaning:
        'It lifts nothing: the hold it should lift is missing, or another one was meant to seem lifted.',
    },
    'trail-erasure-unbacked': {
      title: 'An erasure covers more records than its session has in the log',
      meaning:
        'Leaves of erased records are missing: erasing personal data must not take records out of the log.',
    },
    'trail-erasure-under-hold': {
      title: 'Data was erased while a legal hold was in force',
      meaning: 'Evidence that had to be kept was destroyed.',
    },
    'trail-anchor-mismatch': {
      title: 'An anchor on chain is not a root of this log',
      meaning: 'The log was rewritten after it was anchored, or the chain was shown another log.',
      next: 'Keep the checkpoint and the anchor: together they prove the fork.',
    },
    'trail-anchor-counts-mismatch': {
      title: 'An anchor names other models or counts than the records it covers',
      meaning:
        'A query on chain by model or dataset would miss readings, or find readings that do not exist.',
    },
    'trail-shorter-than-anchor': {
      title: 'The log is shorter than its last anchor',
      meaning: 'Records that were anchored have disappeared.',
    },
    'trail-model-unregistered': {
      title: 'A model that readings or sessions name is not registered on chain, or with another dataset',
      meaning: 'Readings came from a model that nobody published.',
    },
    'trail-checkpoint-forked': {
      title: 'An earlier checkpoint is not a root of this log',
      meaning: 'The log was rewritten after it signed that checkpoint.',
      next: 'Keep both checkpoints: together they prove the fork.',
    },
  },
  inconclusive: {
    'trail-unreachable': {
      title: 'The log does not answer',
      meaning: 'Nothing of the log could be read.',
      next: 'Check the URL or the folder given with --log.',
    },
    'trail-entries-missing': {
      title: 'The log does not serve all the records that its checkpoint counts',
      meaning: 'Records that cannot be read cannot be audited.',
      next: 'Ask the operator to serve the missing entry bundle, and audit again.',
    },
    'trail-tile-missing': {
      title: 'The log does not serve a hash tile that its checkpoint needs',
      meaning: 'Nobody can make proofs from this log, though its records were read.',
    },
    'trail-empty': {
      title: 'The log holds no record',
      meaning: 'There is nothing to audit.',
    },
    'trail-unanchored': {
      title: 'Part of the log lies beyond its last anchor',
      meaning: 'The newest records could still be shown differently to somebody else.',
      next: 'Audit again after the next anchor.',
    },
    'trail-anchors-unchecked': {
      title: 'The anchors of the log cannot be looked up',
      meaning: 'Whether the log was rewritten is not known.',
    },
    'trail-models-too-many': {
      title: 'The log names more models than are looked up',
      meaning: 'Whether the models past the limit were ever published, or revoked, is not known.',
      next: 'Ask the operator why, and verify ranges of the log: testigo-audit verify FIRST..LAST.',
    },
    'trail-checkpoint-ahead': {
      title: 'A checkpoint at hand is of a larger log than the one that was read',
      meaning: 'The log shows fewer records than it signed for; it may only lag behind.',
      next: 'Audit again; if the log stays behind, treat it as rolled back.',
    },
    'trail-checkpoint-other-log': {
      title: 'A checkpoint at hand is of another log than the one that was read',
      meaning: 'This log cannot be held to it.',
      next: 'Pass checkpoints of this log, or audit the other log with --log.',
    },
    'trail-checkpoint-beyond': {
      title: 'A checkpoint at hand lies beyond the part of the log that was read',
      meaning: 'Whether the log still holds to it was not looked at.',
      next: 'Audit the whole log: leave out --anchored-only.',
    },
  },
});
