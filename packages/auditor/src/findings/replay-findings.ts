import { entriesOf } from './entry.ts';

export const REPLAY_FINDINGS = entriesOf('replay', {
  verified: {
    'replay-matches': {
      title: 'The model gives the logged scores again',
      meaning: 'The reading is what the registered model says about this picture.',
    },
  },
  failed: {
    'replay-differs': {
      title: 'The model gives other scores than the logged ones',
      meaning:
        'The reading did not come from this model and this picture, or was changed before it was logged.',
      next: 'Check that the endpoint serves the registered weights (testigo-audit model), then replay again.',
    },
    'replay-scores-mismatch': {
      title: 'The disclosed scores do not open the commitment in the record',
      meaning: 'The scores shown are not the ones the record was written with.',
    },
    'replay-record-unproven': {
      title: 'The log does not prove the drawn record under its anchored root',
      meaning: 'What the log serves at this index is not what was anchored.',
      next: 'Audit the whole log: testigo-audit trail --log URL.',
    },
    'replay-model-mismatch': {
      title: 'The endpoint says it serves another model version',
      meaning: 'The scores of another model say nothing about this record.',
      next: 'Serve the model version that the record names.',
    },
  },
  inconclusive: {
    'replay-disclosure-missing': {
      title: 'A drawn record was not disclosed',
      meaning:
        'The operator has to disclose every record that is drawn; one that is withheld may be the false one.',
      next: 'Ask the operator for the evidence bundle with its scores, and for the model input, of this record.',
    },
    'replay-input-malformed': {
      title: 'The model input of a drawn record is not 48x48 gray bytes',
      meaning: 'The reading cannot be made again.',
    },
    'replay-endpoint-unreachable': {
      title: 'The inference endpoint does not answer as the Open Inference Protocol asks',
      meaning: 'The reading cannot be made again.',
      next: 'Check --endpoint and --name.',
    },
    'replay-too-few': {
      title: 'Fewer detections were drawn than were asked for',
      meaning:
        'The log holds few detections among many other records; those that were not drawn are not judged.',
      next: 'Draw again from a later anchor, or ask for fewer with --count.',
    },
    'replay-nothing-drawn': {
      title: 'There is no anchored detection to draw',
      meaning: 'Without a final anchor nobody can draw records that the operator could not foresee.',
    },
  },
});
