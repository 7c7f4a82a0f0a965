import { entriesOf } from './entry.ts';

export const ANCHOR_FINDINGS = entriesOf('anchor', {
  verified: {
    'anchor-final': {
      title: 'The checkpoint is part of the history that is anchored on chain',
      meaning:
        'The record existed when that block was made, and the log cannot be rewritten without breaking the anchor.',
    },
  },
  failed: {
    'registry-code-mismatch': {
      title: 'The code at the registry address is not the pinned code',
      meaning: 'Another program answers in the place of the registry; none of its facts can be relied on.',
      next: 'Check the address and the code hash in the trust file against the published deployment.',
    },
    'anchor-registry-unpinned': {
      title: 'The bundle names another registry or chain than the trust file',
      meaning: 'The evidence leans on a contract you have not decided to trust.',
      next: 'If you mean to trust this registry, pin it in the trust file.',
    },
    'anchor-log-forked': {
      title: 'The anchored root differs from the root of the checkpoint at the same size',
      meaning: 'The log showed two histories: one to the chain, one to you.',
      next: 'Keep both checkpoints: together they prove the fork.',
    },
    'anchor-consistency-invalid': {
      title: 'The consistency proof does not lead from the checkpoint to the anchored head',
      meaning: 'The checkpoint is not part of the anchored history, or the proof was altered.',
      next: 'Fetch a fresh proof from the log with --log URL; if it fails as well, the log has forked.',
    },
    'anchor-claim-mismatch': {
      title: 'The chain does not show the anchor that the bundle claims',
      meaning: 'The bundle states a size or a root for its anchor that was never anchored.',
      next: 'Query the anchors of the log: testigo-audit query --log ORIGIN.',
    },
    'anchor-head-mismatch': {
      title: 'The head of the log in the registry is not its last anchor',
      meaning: 'The provider contradicts itself about what was anchored.',
      next: 'Ask another provider, best a node of your own.',
    },
    'chain-providers-disagree': {
      title: 'Two chain providers give different answers',
      meaning: 'At least one provider is wrong or lies about the chain.',
      next: 'Ask a third provider, best a node of your own.',
    },
  },
  inconclusive: {
    'chain-not-given': {
      title: 'No chain was named',
      meaning: 'Without the chain nobody can say whether this log was anchored or forked.',
      next: 'Pass --chain URL with a JSON-RPC endpoint you trust.',
    },
    'chain-unreachable': {
      title: 'The chain does not answer',
      meaning: 'Anchors, models and datasets cannot be looked up.',
      next: 'Check the URL, or pass another provider with --chain URL.',
    },
    'chain-final-unknown': {
      title: 'The provider knows no final block',
      meaning: 'What is not final can still be dropped by a reorganisation of the chain.',
      next: 'Pass another provider, or list what is not final with --latest.',
    },
    'registry-unpinned': {
      title: 'The chain answers, but no registry is pinned',
      meaning: 'Anybody can deploy a contract that says what suits them.',
      next: 'Obtain the trust file from a source other than the operator and pass --trust FILE.',
    },
    'chain-other': {
      title: 'The endpoint serves another chain than the pinned one',
      meaning: 'Its answers say nothing about the pinned registry.',
      next: 'Pass a JSON-RPC endpoint of the pinned chain.',
    },
    'registry-absent': {
      title: 'There is no code at the address of the registry',
      meaning: 'The node is not in step with the chain, or the chain was started afresh.',
      next: 'Check that the node is in step, and the address in the trust file.',
    },
    'anchor-missing': {
      title: 'No anchor covers this checkpoint yet',
      meaning: 'The log could still show another history to somebody else.',
      next: 'Verify again after the next anchor; if none comes, the log is stale: testigo-audit watch.',
    },
    'anchor-not-final': {
      title: 'The anchor is in a block that is not final yet',
      meaning: 'The block could still be dropped by a reorganisation of the chain.',
      next: 'Verify again when the block is final.',
    },
    'anchor-consistency-missing': {
      title: 'There is an anchor, but no proof that it continues this checkpoint',
      meaning: 'Whether the anchored history holds this checkpoint is not shown.',
      next: 'Ask for a fresh bundle, or let the auditor build the proof from the log: --log URL.',
    },
    'anchor-unchecked': {
      title: 'The anchor cannot be judged without a readable checkpoint',
      meaning: 'There is no size and root to look for on chain.',
    },
  },
});

export const MODEL_FINDINGS = entriesOf('model', {
  verified: {
    'model-registered': {
      title: 'The model version is registered on chain, names the same dataset, and is not revoked',
      meaning: 'The reading came from the model that was published under this version.',
    },
    'model-weights-match': {
      title: 'Every file of the model bundle has the digest that the manifest states',
      meaning: 'The files at hand are the registered model.',
    },
  },
  failed: {
    'model-manifest-malformed': {
      title: 'The model manifest is not in canonical form',
      meaning: 'The manifest was altered or damaged.',
    },
    'model-manifest-differs': {
      title: 'The model bundle at hand has another manifest than the evidence bundle',
      meaning: 'The files given with --model are of another model than the one that the record names.',
      next: 'Pass the folder of the model version that the record names.',
    },
    'model-version-mismatch': {
      title: 'The digest of the model manifest is not the model version of the record',
      meaning: 'The manifest shown describes another model than the one that the record names.',
      next: 'Ask the operator for the manifest of the model version in the record.',
    },
    'model-unregistered': {
      title: 'The model version is not registered on chain',
      meaning: 'The reading came from a model that nobody published.',
      next: 'List the registered models: testigo-audit query --dataset ROOT.',
    },
    'model-revoked': {
      title: 'The model was revoked',
      meaning: 'Its publisher withdrew the model; readings it made must not be relied on.',
      next: 'Read the stated reason and look for affected records: testigo-audit query --model VERSION.',
    },
    'model-dataset-mismatch': {
      title: 'The record, the manifest and the registry do not name the same dataset for this model',
      meaning: 'The reading is bound to other training data than the model was registered with.',
    },
    'model-preprocessing-mismatch': {
      title: 'The record and the model manifest name different preprocessing',
      meaning: 'The face was cut and scaled in another way than the model was made for.',
    },
    'model-file-mismatch': {
      title: 'A file of the model does not have the digest that the manifest states',
      meaning: 'The weights or another file of the model were changed.',
      next: 'Fetch the model bundle again from its publisher.',
    },
  },
  inconclusive: {
    'model-manifest-missing': {
      title: 'There is no manifest of this model version',
      meaning: 'Which weights and training made the reading is not shown.',
      next: 'Ask for a complete bundle, or pass the model bundle with --model DIR.',
    },
    'model-file-missing': {
      title: 'A file that the model manifest names is not in the folder',
      meaning: 'The weights cannot be compared with the manifest.',
      next: 'Fetch the complete model bundle from its publisher.',
    },
    'model-claims-too-many': {
      title: 'The records say more different things about models than are looked up',
      meaning: 'Whether the models past the limit were ever published is not known.',
      next: 'Verify a smaller range; honest records name one model version after the other.',
    },
    'model-not-final': {
      title: 'The registration of the model is in a block that is not final yet',
      meaning: 'The block could still be dropped by a reorganisation of the chain.',
      next: 'Verify again when the block is final.',
    },
    'model-unchecked': {
      title: 'The registration of the model cannot be looked up',
      meaning: 'Whether this model was published, or revoked since, is not known.',
    },
  },
});
