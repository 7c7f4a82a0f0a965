import { entriesOf } from './entry.ts';

export const VERDICT_FINDINGS = entriesOf('verdict', {
  verified: {
    'verdict-signed': {
      title: 'A pinned auditor signed the verdict',
      meaning: 'The verdict is the one that its auditor came to, unchanged.',
    },
    'verdict-about-samples': {
      title: 'The verdict is about the samples at hand',
      meaning: 'Every image and every label is one that the verdict judges.',
    },
    'verdict-published': {
      title: 'The verdict stands on chain in a final block',
      meaning: 'Anybody can find it by the dataset, by its outcome and by its auditor: testigo-audit query.',
    },
    'verdict-dataset-revoked': {
      title: 'The poisoned dataset is revoked on chain, in a final block',
      meaning: 'No model that was trained on it is usable any more, and none can be registered on it.',
    },
  },
  failed: {
    'verdict-malformed': {
      title: 'The file is not a signed verdict on a dataset',
      meaning: 'The verdict was altered or damaged, or it is not signed.',
      next: 'Make it again: testigo-audit dataset --samples FILE --evidence EV --verdict FILE --sign-with KEY.',
    },
    'verdict-signature-invalid': {
      title: 'No pinned auditor signed the verdict',
      meaning: 'The verdict was changed after it was signed, or somebody else signed it.',
      next: 'Check the keys of auditors in the trust file.',
    },
    'verdict-samples-mismatch': {
      title: 'The verdict is about other samples than the ones at hand',
      meaning: 'Published for this dataset, it would say something that nobody found out.',
      next: 'Pass the samples that the verdict was made from.',
    },
  },
  inconclusive: {
    'verdict-auditors-unpinned': {
      title: 'The trust file pins no auditor',
      meaning: 'Anybody could have signed the verdict.',
      next: 'Pin the public key of the auditor under auditors in the trust file.',
    },
    'verdict-not-mined': {
      title: 'The account has a transaction that no block holds yet',
      meaning:
        'Whether the verdict reaches the chain is not known, and sending it again could send it twice.',
      next: 'Run the same command again later: what is already on chain is not sent again.',
    },
    'verdict-not-final': {
      title: 'What was published is in a block that is not final yet',
      meaning: 'The block could still be dropped by a reorganisation of the chain.',
      next: 'Run the same command again when the block is final: nothing is sent twice.',
    },
  },
});
