import { entriesOf } from './entry.ts';

export const DATASET_FINDINGS = entriesOf('dataset', {
  verified: {
    'dataset-approved': {
      title: 'The dataset manifest is signed by a pinned custodian and approved on chain, and not revoked',
      meaning: 'The training data is the data that its custodian signed for.',
    },
  },
  failed: {
    'dataset-envelope-malformed': {
      title: 'The dataset manifest is not a well-formed signed envelope',
      meaning: 'The manifest was altered or damaged.',
    },
    'dataset-signature-invalid': {
      title: 'No pinned custodian signed this dataset manifest',
      meaning: 'The manifest was changed after it was signed, or somebody else signed it.',
      next: 'Obtain the manifest from its custodian, and check the keys in the trust file.',
    },
    'dataset-manifest-malformed': {
      title: 'The signed payload is not a dataset manifest',
      meaning: 'The manifest was altered, or something else was signed.',
    },
    'dataset-root-mismatch': {
      title: 'The dataset manifest states another root than the record',
      meaning: 'The manifest shown describes other data than the model was trained on.',
    },
    'dataset-size-mismatch': {
      title: 'The dataset manifest states another size than the record or the registry',
      meaning: 'Samples were added to or taken from the data that was approved.',
    },
    'dataset-unapproved': {
      title: 'The dataset was never approved on chain',
      meaning: 'No custodian vouched for this training data.',
      next: 'List the approved datasets: testigo-audit query.',
    },
    'dataset-revoked': {
      title: 'The approval of the dataset was revoked',
      meaning: 'The custodian withdrew the data; every model trained on it is affected.',
      next: 'Look for affected records: testigo-audit query --dataset ROOT.',
    },
    'dataset-manifest-mismatch': {
      title: 'The registry approved another manifest for this dataset',
      meaning: 'The custodian approved this root with other statements about the data than the ones shown.',
    },
  },
  inconclusive: {
    'dataset-manifest-missing': {
      title: 'There is no signed manifest of this dataset',
      meaning: 'Who vouches for the training data is not shown.',
      next: 'Ask for a complete bundle, or pass the model bundle with --model DIR.',
    },
    'dataset-custodians-unpinned': {
      title: 'The trust file pins no custodian',
      meaning: 'Anybody could have signed the dataset manifest.',
      next: 'Pin the public key of the custodian in the trust file.',
    },
    'dataset-not-final': {
      title: 'The approval of the dataset is in a block that is not final yet',
      meaning: 'The block could still be dropped by a reorganisation of the chain.',
      next: 'Verify again when the block is final.',
    },
    'dataset-unchecked': {
      title: 'The approval of the dataset cannot be looked up',
      meaning: 'Whether a custodian approved this data, or withdrew it since, is not known.',
    },
  },
});

export const SAMPLES_FINDINGS = entriesOf('samples', {
  verified: {
    'samples-match': {
      title: 'The samples at hand are the ones that the dataset root commits to',
      meaning: 'Every image and every label is the one that was approved.',
    },
  },
  failed: {
    'sample-label-mismatch': {
      title: 'A sample carries another label than the one that was approved',
      meaning: 'The label was changed after the data was signed for.',
    },
    'sample-content-mismatch': {
      title: 'A sample holds another image than the one that was approved',
      meaning: 'The image was changed after the data was signed for.',
    },
    'samples-root-mismatch': {
      title: 'The samples do not have the approved root',
      meaning: 'At least one sample was changed, added, taken away or moved.',
    },
    'samples-counts-mismatch': {
      title: 'The signed manifest counts other samples than the ones at hand',
      meaning: 'What its custodian said about the splits and labels of this data is not true.',
      next: 'Ask the custodian; the samples are the approved ones, the statement about them is wrong.',
    },
    'samples-size-mismatch': {
      title: 'There are more or fewer samples than were approved',
      meaning: 'Samples were added or taken away after the data was signed for.',
    },
    'samples-malformed': {
      title: 'The file of samples has a line that is not a sample',
      meaning: 'The file was altered or damaged.',
    },
  },
  inconclusive: {},
});
