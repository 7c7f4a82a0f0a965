// Whole evidence bundles with what a verifier is given beside them (trust, facts of the registry) and what it must
// conclude. `codes` are those of the findings that are not "verified", sorted.
import {
  computeRoot,
  DATASET_PAYLOAD_TYPE,
  type EvidenceBundle,
  encodeDatasetManifest,
  encodeEvidenceBundle,
  encodeModelManifest,
  encodeRecord,
  fromUtf8,
  hashRecord,
  keyPairOf,
  modelVersionOf,
  newLogSigner,
  proveConsistency,
  proveInclusion,
  sha256,
  signDsse,
  signNote,
  type TrailRecord,
  toBase64,
  toHex,
  utf8,
  verifierKey,
} from '../../src/index.ts';
import {
  CUSTODIAN_KEY,
  CUSTODIAN_SECRET,
  EVIDENCE,
  LOG_BYTES,
  LOG_RECORDS,
  LOG_SECRET,
  LOG_VERIFIER_KEY,
  noteAt,
  ORIGIN,
  REGISTRY,
} from '../../test/evidence.ts';
import { DATASET, MODEL } from '../../test/manifests.ts';
import { flipBit, type VectorCase, type VectorFile } from './case.ts';

const leaves = LOG_BYTES.map(hashRecord);
const CODE_HASH = 'ee'.repeat(32);
const anchor = EVIDENCE.anchor!;
const modelVersion = toHex(modelVersionOf(encodeModelManifest(MODEL)));

const TRUST = {
  chainId: 31_337,
  registry: REGISTRY,
  codeHash: CODE_HASH,
  logs: [{ origin: ORIGIN, verifierKey: LOG_VERIFIER_KEY }],
  custodians: [CUSTODIAN_KEY],
};

const ANCHOR_FACT = {
  logId: anchor.logId,
  size: anchor.size,
  root: anchor.root,
  blockNumber: anchor.blockNumber,
  blockHash: `0x${'bb'.repeat(32)}`,
  transaction: anchor.transaction,
};

const MODEL_FACT = {
  modelVersion,
  datasetRoot: MODEL.dataset.root,
  registeredAt: 1_786_000_000,
  isFinal: true,
};
const DATASET_FACT = {
  datasetRoot: MODEL.dataset.root,
  size: MODEL.dataset.size,
  manifestDigest: MODEL.dataset.manifest,
  custodian: `0x${'0c'.repeat(20)}`,
  approvedAt: 1_785_500_000,
  isFinal: true,
};

const FACTS = {
  source: 'pinned facts',
  chainId: 31_337,
  codeHash: CODE_HASH,
  finalBlock: 100,
  latestBlock: 110,
  head: { size: anchor.size, root: anchor.root },
  anchors: [ANCHOR_FACT],
  model: MODEL_FACT,
  dataset: DATASET_FACT,
};

type Facts = Omit<Partial<typeof FACTS>, 'model' | 'dataset' | 'anchors'> & {
  readonly anchors?: readonly object[];
  readonly model?: object;
  readonly dataset?: object;
};

interface Given {
  readonly bundle?: EvidenceBundle | string;
  readonly trust?: object | null;
  readonly facts?: Facts | null;
}

const EXITS = { verified: 0, failed: 1, inconclusive: 3 } as const;

function evidence(
  name: string,
  outcome: keyof typeof EXITS,
  codes: readonly string[],
  given: Given = {},
): VectorCase {
  const { bundle = EVIDENCE, trust = TRUST, facts = FACTS } = given;
  const text = typeof bundle === 'string' ? bundle : fromUtf8(encodeEvidenceBundle(bundle));
  return { name, outcome, exitCode: EXITS[outcome], codes: [...codes].sort(), bundle: text, trust, facts };
}

const without = <T extends object, K extends keyof T>(value: T, ...keys: readonly K[]): Omit<T, K> =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>;

/** Record `index`, proven at size 6, which is also the anchored size. */
function bundleOf(index: number): EvidenceBundle {
  const bare = without(EVIDENCE, 'modelManifest', 'datasetEnvelope');
  return {
    ...bare,
    record: toBase64(LOG_BYTES[index]!),
    leafHash: toHex(leaves[index]!),
    leafIndex: index,
    inclusionProof: proveInclusion(leaves, index).map(toHex),
    checkpoint: noteAt(6),
    anchor: { ...anchor, consistencyProof: [] },
    disclosures: [],
  };
}

const json = fromUtf8(encodeEvidenceBundle(EVIDENCE));
const change = (fields: Partial<EvidenceBundle>): EvidenceBundle => ({ ...EVIDENCE, ...fields });
const signer = newLogSigner({ name: ORIGIN, secretKey: LOG_SECRET });
const noteOf = (size: number, root: Uint8Array, origin = ORIGIN, by = signer): string =>
  signNote(`${origin}\n${size}\n${toBase64(root)}\n`, by);

function verified(): VectorCase[] {
  const withModel = { modelManifest: EVIDENCE.modelManifest!, datasetEnvelope: EVIDENCE.datasetEnvelope! };
  const earlier = { ...ANCHOR_FACT, size: 3, root: toHex(computeRoot(leaves.slice(0, 3))), blockNumber: 5 };
  const later = {
    ...anchor,
    size: 3,
    root: earlier.root,
    blockNumber: 5,
    consistencyProof: proveConsistency(leaves.slice(0, 4), 3).map(toHex),
  };
  return [
    evidence('a detection, anchored later than its checkpoint', 'verified', []),
    evidence('a newline at the end', 'verified', [], { bundle: `${json}\n` }),
    evidence('nothing disclosed', 'verified', [], { bundle: change({ disclosures: [] }) }),
    evidence('one field disclosed', 'verified', [], {
      bundle: change({ disclosures: [EVIDENCE.disclosures[1]!] }),
    }),
    evidence('no leaf hash', 'verified', [], { bundle: without(EVIDENCE, 'leafHash') as EvidenceBundle }),
    evidence('two custodians pinned', 'verified', [], {
      trust: { ...TRUST, custodians: ['ab'.repeat(32), CUSTODIAN_KEY] },
    }),
    evidence('two logs pinned', 'verified', [], {
      trust: {
        ...TRUST,
        logs: [
          {
            origin: 'other.example',
            verifierKey: verifierKey('other.example', keyPairOf(new Uint8Array(32)).publicKey),
          },
          ...TRUST.logs,
        ],
      },
    }),
    evidence('several anchors', 'verified', [], { facts: { ...FACTS, anchors: [earlier, ANCHOR_FACT] } }),
    evidence('an anchor older than the checkpoint that covers the record', 'verified', [], {
      bundle: change({ anchor: later }),
      facts: { ...FACTS, anchors: [earlier, ANCHOR_FACT] },
    }),
    evidence('no claim, but an anchor of exactly this checkpoint', 'verified', [], {
      bundle: without({ ...bundleOf(1), ...withModel }, 'anchor') as EvidenceBundle,
    }),
    ...LOG_RECORDS.map((record, i) => {
      const hasModel = 'modelVersion' in record;
      const facts = hasModel ? FACTS : (without(FACTS, 'model', 'dataset') as Facts);
      return evidence(`${record.type} at index ${i}`, 'verified', [], {
        bundle: hasModel ? { ...bundleOf(i), ...withModel } : bundleOf(i),
        facts,
      });
    }),
  ];
}

function inconclusive(): VectorCase[] {
  const lookups = ['model-unchecked', 'dataset-unchecked'];
  const unclaimed = without(EVIDENCE, 'anchor') as EvidenceBundle;
  return [
    evidence(
      'no trust',
      'inconclusive',
      ['trust-missing', 'registry-unpinned', 'dataset-custodians-unpinned', ...lookups],
      { trust: null },
    ),
    evidence('no facts', 'inconclusive', ['chain-not-given', ...lookups], { facts: null }),
    evidence(
      'neither trust nor facts',
      'inconclusive',
      ['trust-missing', 'chain-not-given', 'dataset-custodians-unpinned', ...lookups],
      { trust: null, facts: null },
    ),
    evidence('facts of another chain', 'inconclusive', ['chain-other', ...lookups], {
      facts: { ...FACTS, chainId: 1 },
    }),
    evidence('no code at the registry', 'inconclusive', ['registry-absent', ...lookups], {
      facts: without(FACTS, 'codeHash') as Facts,
    }),
    evidence('no anchor yet', 'inconclusive', ['anchor-missing'], {
      bundle: unclaimed,
      facts: { ...without(FACTS, 'head'), anchors: [] } as Facts,
    }),
    evidence('an anchor that does not reach the record', 'inconclusive', ['anchor-missing'], {
      bundle: unclaimed,
      facts: {
        ...FACTS,
        head: { size: 1, root: toHex(leaves[0]!) },
        anchors: [{ ...ANCHOR_FACT, size: 1, root: toHex(leaves[0]!) }],
      },
    }),
    evidence('a node behind the claimed anchor', 'inconclusive', ['anchor-missing'], {
      facts: { ...without(FACTS, 'head'), anchors: [], latestBlock: 11, finalBlock: 10 } as Facts,
    }),
    evidence('an anchor without a proof to it', 'inconclusive', ['anchor-consistency-missing'], {
      bundle: unclaimed,
    }),
    evidence('an anchor that is not final', 'inconclusive', ['anchor-not-final'], {
      facts: { ...FACTS, finalBlock: 11 },
    }),
    evidence('no model manifest', 'inconclusive', ['model-manifest-missing'], {
      bundle: without(EVIDENCE, 'modelManifest') as EvidenceBundle,
    }),
    evidence('no dataset manifest', 'inconclusive', ['dataset-manifest-missing'], {
      bundle: without(EVIDENCE, 'datasetEnvelope') as EvidenceBundle,
    }),
    evidence('no custodian pinned', 'inconclusive', ['dataset-custodians-unpinned'], {
      trust: { ...TRUST, custodians: [] },
    }),
    evidence('a registration that is not final', 'inconclusive', ['model-not-final'], {
      facts: { ...FACTS, model: { ...MODEL_FACT, isFinal: false } },
    }),
    evidence('an approval that is not final', 'inconclusive', ['dataset-not-final'], {
      facts: { ...FACTS, dataset: { ...DATASET_FACT, isFinal: false } },
    }),
  ];
}

function failedLog(): VectorCase[] {
  const detection = LOG_RECORDS[1] as TrailRecord;
  const forged = encodeRecord({ ...detection, purpose: 'something-else' } as TrailRecord);
  const forkRoot = computeRoot([...leaves.slice(0, 3), hashRecord(forged)]);
  const fork6 = computeRoot([...leaves.slice(0, 5), hashRecord(forged)]);
  const otherLog = newLogSigner({ name: 'other.example', secretKey: LOG_SECRET });
  const [first, ...rest] = EVIDENCE.inclusionProof as [string, ...string[]];
  const proofOf = (index: number): string[] => proveInclusion(leaves.slice(0, 4), index).map(toHex);
  return [
    evidence('another purpose in the record', 'failed', ['inclusion-proof-invalid', 'record-hash-mismatch'], {
      bundle: change({ record: toBase64(forged) }),
    }),
    evidence('another purpose and leaf hash', 'failed', ['inclusion-proof-invalid'], {
      bundle: change({ record: toBase64(forged), leafHash: toHex(hashRecord(forged)) }),
    }),
    evidence('a record with a space', 'failed', ['inclusion-unchecked', 'record-malformed'], {
      bundle: change({ record: toBase64(utf8(fromUtf8(LOG_BYTES[1]!).replace(',', ', '))) }),
    }),
    evidence('a record that is no base64 text', 'failed', ['inclusion-unchecked', 'record-malformed'], {
      bundle: change({ record: 'AB==' }),
    }),
    evidence('a flipped bit in the proof', 'failed', ['inclusion-proof-invalid'], {
      bundle: change({ inclusionProof: [flipBit(first, 5), ...rest] }),
    }),
    evidence('the proof of its neighbour', 'failed', ['inclusion-proof-invalid'], {
      bundle: change({ inclusionProof: proofOf(2) }),
    }),
    evidence('the index of its neighbour', 'failed', ['inclusion-proof-invalid'], {
      bundle: change({ leafIndex: 0 }),
    }),
    evidence('an index outside the log', 'failed', ['inclusion-index-out-of-range'], {
      bundle: change({ leafIndex: 5 }),
    }),
    evidence('no proof', 'failed', ['inclusion-proof-invalid'], { bundle: change({ inclusionProof: [] }) }),
    evidence(
      'a checkpoint of another size',
      'failed',
      ['checkpoint-signature-invalid', 'anchor-consistency-invalid', 'inclusion-proof-invalid'],
      {
        bundle: change({
          checkpoint: EVIDENCE.checkpoint.replace('\n4\n', '\n5\n'),
          inclusionProof: EVIDENCE.inclusionProof,
        }),
      },
    ),
    evidence('a checkpoint signed by a stranger', 'failed', ['checkpoint-signature-missing'], {
      bundle: change({
        checkpoint: noteOf(
          4,
          computeRoot(leaves.slice(0, 4)),
          ORIGIN,
          newLogSigner({ name: ORIGIN, secretKey: new Uint8Array(32) }),
        ),
      }),
    }),
    evidence(
      'a checkpoint of another log by the same key (swapped identity)',
      'failed',
      ['anchor-claim-mismatch', 'checkpoint-log-unpinned'],
      {
        bundle: change({ checkpoint: noteOf(4, computeRoot(leaves.slice(0, 4)), 'other.example', otherLog) }),
      },
    ),
    evidence(
      'a checkpoint whose signer is another log (swapped identity)',
      'failed',
      ['checkpoint-signature-missing'],
      {
        bundle: change({ checkpoint: noteOf(4, computeRoot(leaves.slice(0, 4)), ORIGIN, otherLog) }),
      },
    ),
    evidence(
      'a checkpoint that is no note',
      'failed',
      ['anchor-unchecked', 'checkpoint-malformed', 'inclusion-unchecked'],
      { bundle: change({ checkpoint: 'log.example/calls\n' }) },
    ),
    evidence(
      'a fork, signed by the log',
      'failed',
      ['anchor-consistency-invalid', 'inclusion-proof-invalid'],
      { bundle: change({ checkpoint: noteOf(4, forkRoot) }) },
    ),
    evidence('a fork of the anchored size', 'failed', ['anchor-log-forked'], {
      bundle: {
        ...EVIDENCE,
        ...{ checkpoint: noteOf(6, fork6) },
        inclusionProof: proveInclusion([...leaves.slice(0, 5), hashRecord(forged)], 1).map(toHex),
      },
    }),
    evidence('a head that is not the last anchor', 'failed', ['anchor-head-mismatch'], {
      facts: { ...FACTS, head: { size: 7, root: anchor.root } },
    }),
    evidence('an anchor that the chain does not show', 'failed', ['anchor-claim-mismatch'], {
      facts: { ...without(FACTS, 'head'), anchors: [] } as Facts,
    }),
    evidence('an anchor in another block', 'failed', ['anchor-claim-mismatch'], {
      bundle: change({ anchor: { ...anchor, blockNumber: 13 } }),
    }),
    evidence('an anchor with another root', 'failed', ['anchor-claim-mismatch'], {
      bundle: change({ anchor: { ...anchor, root: 'ab'.repeat(32) } }),
    }),
    evidence('an anchor of another log', 'failed', ['anchor-claim-mismatch'], {
      bundle: change({ anchor: { ...anchor, logId: 'ab'.repeat(32) } }),
    }),
    evidence('an anchor on another chain', 'failed', ['anchor-registry-unpinned'], {
      bundle: change({ anchor: { ...anchor, chainId: 1 } }),
    }),
    evidence('an anchor in another registry', 'failed', ['anchor-registry-unpinned'], {
      bundle: change({ anchor: { ...anchor, registry: `0x${'ac'.repeat(20)}` } }),
    }),
    evidence(
      'another code at the registry',
      'failed',
      ['registry-code-mismatch', 'model-unchecked', 'dataset-unchecked'],
      { facts: { ...FACTS, codeHash: 'ef'.repeat(32) } },
    ),
    evidence('a flipped bit in the consistency proof', 'failed', ['anchor-consistency-invalid'], {
      bundle: change({
        anchor: {
          ...anchor,
          consistencyProof: anchor.consistencyProof.with(0, flipBit(anchor.consistencyProof[0]!, 8)),
        },
      }),
    }),
    evidence('no consistency proof', 'failed', ['anchor-consistency-invalid'], {
      bundle: change({ anchor: { ...anchor, consistencyProof: [] } }),
    }),
  ];
}

function failedContent(): VectorCase[] {
  const model = (fields: object): string => toBase64(encodeModelManifest({ ...MODEL, ...fields }));
  const sign = (statement: typeof DATASET, key = CUSTODIAN_SECRET): string =>
    JSON.stringify(signDsse(DATASET_PAYLOAD_TYPE, encodeDatasetManifest(statement), key));
  const other: typeof DATASET = { ...DATASET, predicate: { ...DATASET.predicate, collectedAt: 1 } };
  const [label, scores] = EVIDENCE.disclosures as [
    EvidenceBundle['disclosures'][number],
    EvidenceBundle['disclosures'][number],
  ];
  const otherRoot: typeof DATASET = {
    ...DATASET,
    subject: [{ ...DATASET.subject[0], digest: { 'rfc6962-sha256': 'ab'.repeat(32) } }],
  };
  const larger: typeof DATASET = { ...DATASET, predicate: { ...DATASET.predicate, size: 5 } };
  return [
    evidence('another seed in the model manifest', 'failed', ['model-version-mismatch'], {
      bundle: change({ modelManifest: model({ training: { ...MODEL.training, seed: 8 } }) }),
    }),
    evidence('a model manifest with a space', 'failed', ['model-manifest-malformed'], {
      bundle: change({
        modelManifest: toBase64(utf8(fromUtf8(encodeModelManifest(MODEL)).replace(',', ', '))),
      }),
    }),
    evidence('a model that is not registered', 'failed', ['model-unregistered'], {
      facts: without(FACTS, 'model') as Facts,
    }),
    evidence('a model that was revoked', 'failed', ['model-revoked'], {
      facts: { ...FACTS, model: { ...MODEL_FACT, revokedAt: 1_789_000_000 } },
    }),
    evidence('a model registered for other data', 'failed', ['model-dataset-mismatch'], {
      facts: { ...FACTS, model: { ...MODEL_FACT, datasetRoot: 'ab'.repeat(32) } },
    }),
    evidence('a manifest signed by a stranger', 'failed', ['dataset-signature-invalid'], {
      bundle: change({ datasetEnvelope: sign(DATASET, new Uint8Array(32)) }),
    }),
    evidence('another custodian pinned', 'failed', ['dataset-signature-invalid'], {
      trust: { ...TRUST, custodians: ['ab'.repeat(32)] },
    }),
    evidence('another manifest of the same data, signed', 'failed', ['dataset-manifest-mismatch'], {
      bundle: change({ datasetEnvelope: sign(other) }),
    }),
    evidence(
      'a manifest of other data, signed',
      'failed',
      ['dataset-manifest-mismatch', 'dataset-root-mismatch'],
      { bundle: change({ datasetEnvelope: sign(otherRoot) }) },
    ),
    evidence('a manifest of more data, signed', 'failed', ['dataset-size-mismatch'], {
      bundle: change({ datasetEnvelope: sign(larger) }),
    }),
    evidence('an envelope that is no JSON', 'failed', ['dataset-envelope-malformed'], {
      bundle: change({ datasetEnvelope: '{' }),
    }),
    evidence('an envelope of another payload type', 'failed', ['dataset-envelope-malformed'], {
      bundle: change({
        datasetEnvelope: JSON.stringify(
          signDsse('text/plain', encodeDatasetManifest(DATASET), CUSTODIAN_SECRET),
        ),
      }),
    }),
    evidence('an envelope of something else', 'failed', ['dataset-manifest-malformed'], {
      bundle: change({
        datasetEnvelope: JSON.stringify(signDsse(DATASET_PAYLOAD_TYPE, utf8('{}'), CUSTODIAN_SECRET)),
      }),
    }),
    evidence('data that was never approved', 'failed', ['dataset-unapproved'], {
      facts: without(FACTS, 'dataset') as Facts,
    }),
    evidence('data whose approval was revoked', 'failed', ['dataset-revoked'], {
      facts: { ...FACTS, dataset: { ...DATASET_FACT, revokedAt: 1_789_000_000 } },
    }),
    evidence('another size approved', 'failed', ['dataset-size-mismatch'], {
      facts: { ...FACTS, dataset: { ...DATASET_FACT, size: 5 } },
    }),
    evidence('another manifest approved', 'failed', ['dataset-manifest-mismatch'], {
      facts: { ...FACTS, dataset: { ...DATASET_FACT, manifestDigest: toHex(sha256(utf8('x'))) } },
    }),
    evidence('another value disclosed', 'failed', ['disclosure-mismatch'], {
      bundle: change({ disclosures: [{ ...label, value: toBase64(utf8('angry')) }, scores] }),
    }),
    evidence('another salt disclosed', 'failed', ['disclosure-mismatch'], {
      bundle: change({ disclosures: [{ ...label, salt: scores.salt }] }),
    }),
    evidence('two values exchanged', 'failed', ['disclosure-mismatch'], {
      bundle: change({
        disclosures: [
          { ...label, value: scores.value },
          { ...scores, value: label.value },
        ],
      }),
    }),
    evidence('a field disclosed that the record does not commit to', 'failed', ['disclosure-field-unknown'], {
      bundle: change({ disclosures: [{ ...label, field: 'name' }] }),
    }),
    evidence('a field disclosed that every object has', 'failed', ['disclosure-field-unknown'], {
      bundle: change({ disclosures: [{ ...label, field: 'constructor' }] }),
    }),
    ...(
      [
        ['a space', json.replace(',', ', ')],
        ['two newlines at the end', `${json}\n\n`],
        ['a key given twice', json.replace('"version":1', '"version":1,"version":1')],
        ['an unknown field', json.replace('"version":1', '"version":1,"xtra":1')],
        ['a float', json.replace('"leafIndex":1', '"leafIndex":1.0')],
        ['another version', json.replace('"version":1', '"version":2')],
        ['no disclosures', json.replace(/"disclosures":\[.*?\],/, '')],
        ['a null anchor', json.replace(/"anchor":\{.*?\}/, '"anchor":null')],
        ['a field disclosed twice', json.replace('"field":"scores"', '"field":"label"')],
        ['nothing', ''],
        ['a list', '[]'],
        ['a record in its place', fromUtf8(LOG_BYTES[1]!)],
      ] as const
    ).map(([name, text]) =>
      evidence(`a bundle with ${name}`, 'failed', ['bundle-malformed'], { bundle: text }),
    ),
  ];
}

export const evidenceVectors = (): VectorFile[] => [
  {
    name: 'evidence',
    about: 'docs/spec/evidence-bundle.md: bundles, what is trusted, what the chain shows, and what follows.',
    cases: [...verified(), ...inconclusive(), ...failedLog(), ...failedContent()],
  },
];
