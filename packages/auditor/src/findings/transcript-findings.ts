import { entriesOf } from './entry.ts';

export const TRANSCRIPT_FINDINGS = entriesOf('transcript', {
  verified: {
    'transcript-chained': {
      title: 'The training transcript is one hash chain, and the model manifest names its head',
      meaning: 'What the transcript tells about the training was fixed before the model was registered.',
    },
    'transcript-segment-agrees': {
      title: 'Re-running a drawn segment of the training leads to the same weights, optimizer and rows',
      meaning: 'This piece of the training was done with this data and this configuration.',
    },
  },
  failed: {
    'transcript-malformed': {
      title: 'The training transcript is not in its canonical form',
      meaning: 'The transcript was altered or damaged.',
      next: 'Fetch the model bundle again from its publisher.',
    },
    'transcript-broken': {
      title: 'An entry of the training transcript does not follow from the one before',
      meaning: 'The transcript was altered after the training, or put together from several.',
    },
    'transcript-head-mismatch': {
      title: 'The transcript ends in another head than the model manifest names',
      meaning: 'The transcript is of another training run than the one that made these weights.',
    },
    'transcript-config-mismatch': {
      title: 'The transcript is of another configuration than the model manifest names',
      meaning: 'The run that the transcript tells of was set up in another way.',
    },
    'transcript-segment-differs': {
      title: 'Re-running a drawn segment of the training leads to something else',
      meaning:
        'The run was not the one that the transcript tells of: both were computed where the same bits come out everywhere.',
      next: 'Check that the data and the run folder are those of this model, then run the segment again.',
    },
  },
  inconclusive: {
    'transcript-missing': {
      title: 'The model bundle holds no training transcript',
      meaning: 'No piece of the training can be drawn and done again.',
      next: 'Ask the publisher for transcript.json; weights that were trained elsewhere have none.',
    },
    'transcript-undrawn': {
      title: 'No segment can be drawn: the registration of the model is not known to be final',
      meaning: 'Only the hash of a final block draws segments that the publisher could not foresee.',
      next: 'Pass --chain and --trust, and try again when the registration is final.',
    },
    'transcript-segment-missing': {
      title: 'A drawn segment of the training was not done again',
      meaning: 'The one that is missing may be the one that does not hold.',
      next: 'Run testigo-model transcript --run RUN --segment I --data FILE --out segment-I.json, for the I that was drawn.',
    },
    'transcript-segment-malformed': {
      title: 'The file of a drawn segment is not a transcript segment of this transcript',
      meaning: 'It cannot be compared with the transcript.',
    },
    'transcript-segment-inexact': {
      title: 'Re-running a drawn segment leads to something else, on a backend that is not exact',
      meaning: 'Two correct runs may differ in the last digit there, so this proves nothing either way.',
      next: 'Only a model trained with --backend wasm can be re-run to the bit.',
    },
  },
});
