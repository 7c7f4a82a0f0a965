// Refusals: nothing was read by the model that they name, so it is not judged; what is shown of it must still fit.
import {
  commitField,
  computeRoot,
  DATASET_PAYLOAD_TYPE,
  deriveSalt,
  type EvidenceBundle,
  encodeDatasetManifest,
  encodeModelManifest,
  encodeRecord,
  hashRecord,
  proveInclusion,
  type RecordOf,
  signDsse,
  toBase64,
  toHex,
  utf8,
} from '../../src/index.ts';
import { EVIDENCE, LOG_BYTES, LOG_RECORDS, ORIGIN, SUBJECT_KEY, VALUES } from '../../test/evidence.ts';
import { DATASET, MODEL } from '../../test/manifests.ts';
import type { VectorCase } from './case.ts';
import {
  ANCHOR_FACT,
  bundleOf,
  DATASET_FACT,
  evidence,
  FACTS,
  type Facts,
  MODEL_FACT,
  noteOf,
  TRUST,
  without,
} from './evidence-given.ts';

const INDEX = 2;
const refusal = LOG_RECORDS[INDEX] as RecordOf<'REFUSAL'>;
const { modelManifest, datasetEnvelope } = EVIDENCE;
const { modelVersion } = MODEL_FACT;

const openingOf = (name: 'frame' | 'label' | 'scores' | 'capturedAt') => ({
  salt: deriveSalt(SUBJECT_KEY, refusal.id, name),
  name,
  value: VALUES[name],
});
const commitTo = (...names: Parameters<typeof openingOf>[0][]) =>
  Object.fromEntries(names.map((name) => [name, toHex(commitField(openingOf(name)))]));
const disclose = (name: Parameters<typeof openingOf>[0]) => {
  const { salt, value } = openingOf(name);
  return { field: name, salt: toHex(salt), value: toBase64(utf8(value)) };
};

/** A bundle of the log with another refusal in its place, and the registry's facts about that log. */
function given(fields: Partial<RecordOf<'REFUSAL'>>, shown: Partial<EvidenceBundle> = {}) {
  const bytes = encodeRecord({ ...refusal, reason: 'model-revoked', ...fields });
  const leaves = LOG_BYTES.with(INDEX, bytes).map(hashRecord);
  const [size, root] = [leaves.length, computeRoot(leaves)];
  const bare = bundleOf(INDEX);
  const bundle: EvidenceBundle = {
    ...bare,
    record: toBase64(bytes),
    leafHash: toHex(leaves[INDEX]!),
    inclusionProof: proveInclusion(leaves, INDEX).map(toHex),
    checkpoint: noteOf(size, root, ORIGIN),
    anchor: { ...bare.anchor!, root: toHex(root) },
    ...shown,
  };
  const facts: Facts = {
    ...FACTS,
    head: { size, root: toHex(root) },
    anchors: [{ ...ANCHOR_FACT, root: toHex(root) }],
  };
  return { bundle, facts };
}

const manifests = { modelManifest: modelManifest!, datasetEnvelope: datasetEnvelope! };
const isRevoked = { revokedAt: 1_789_000_000 };

function standings(): VectorCase[] {
  const { bundle, facts } = given({ modelVersion }, manifests);
  const standing: Record<string, Facts> = {
    'is registered': facts,
    'is not registered': without(facts, 'model') as Facts,
    'was revoked': { ...facts, model: { ...MODEL_FACT, ...isRevoked } },
    'is registered in no final block': { ...facts, model: { ...MODEL_FACT, isFinal: false } },
    'is registered for other data': { ...facts, model: { ...MODEL_FACT, datasetRoot: 'ab'.repeat(32) } },
    'has data that was never approved': without(facts, 'dataset') as Facts,
    'has data whose approval was revoked': { ...facts, dataset: { ...DATASET_FACT, ...isRevoked } },
    'has data approved in no final block': { ...facts, dataset: { ...DATASET_FACT, isFinal: false } },
    'has data approved in another size': { ...facts, dataset: { ...DATASET_FACT, size: 5 } },
  };
  return Object.entries(standing).map(([what, these]) =>
    evidence(`a refusal whose model ${what}`, 'verified', [], { bundle, facts: these }),
  );
}

export function refusals(): VectorCase[] {
  const named = { modelVersion };
  const seed = toBase64(encodeModelManifest({ ...MODEL, training: { ...MODEL.training, seed: 8 } }));
  const sign = (statement: typeof DATASET, key = new Uint8Array(32)) =>
    JSON.stringify(signDsse(DATASET_PAYLOAD_TYPE, encodeDatasetManifest(statement), key));
  const other = { ...DATASET, predicate: { ...DATASET.predicate, collectedAt: 1 } };
  const unregistered = (parts: ReturnType<typeof given>) => ({
    ...parts,
    facts: without(parts.facts, 'model') as Facts,
  });
  const commits = { ...named, commitments: commitTo('frame', 'capturedAt') };
  const withModel = given(named, manifests);
  return [
    ...standings(),
    evidence('a refusal with nothing shown of its model', 'verified', [], unregistered(given(named))),
    evidence('a refusal with data signed by a stranger', 'verified', [], {
      ...given(named, { ...manifests, datasetEnvelope: sign(DATASET) }),
    }),
    evidence('a refusal while no custodian is pinned', 'verified', [], {
      ...withModel,
      trust: { ...TRUST, custodians: [] },
    }),
    evidence('a refusal that discloses its picture', 'verified', [], {
      ...unregistered(given(commits, { disclosures: [disclose('frame')] })),
    }),
    evidence('a refusal without facts', 'inconclusive', ['chain-not-given'], { ...withModel, facts: null }),
    evidence('a refusal with no anchor yet', 'inconclusive', ['anchor-missing'], {
      bundle: without(withModel.bundle, 'anchor') as EvidenceBundle,
      facts: { ...without(withModel.facts, 'head'), anchors: [] },
    }),
    evidence('a refusal with the manifest of another model', 'failed', ['model-version-mismatch'], {
      ...given(named, { ...manifests, modelManifest: seed }),
    }),
    evidence('a refusal with a model manifest that is none', 'failed', ['model-manifest-malformed'], {
      ...given(named, { modelManifest: toBase64(utf8('{}')) }),
    }),
    evidence('a refusal with another manifest of the same data', 'failed', ['dataset-manifest-mismatch'], {
      ...given(named, { ...manifests, datasetEnvelope: sign(other) }),
    }),
    evidence('a refusal with an envelope that is no JSON', 'failed', ['dataset-envelope-malformed'], {
      ...given(named, { ...manifests, datasetEnvelope: '{' }),
    }),
    evidence('a refusal with an envelope of something else', 'failed', ['dataset-manifest-malformed'], {
      ...given(named, {
        ...manifests,
        datasetEnvelope: JSON.stringify(signDsse(DATASET_PAYLOAD_TYPE, utf8('{}'), new Uint8Array(32))),
      }),
    }),
    evidence('a refusal that discloses another picture', 'failed', ['disclosure-mismatch'], {
      ...given(commits, { disclosures: [{ ...disclose('frame'), value: toBase64(utf8('x')) }] }),
    }),
    ...(['label', 'scores'] as const).map((field) =>
      evidence(
        `a refusal that commits to a ${field}, by no registered model`,
        'failed',
        ['model-unregistered'],
        {
          ...unregistered(given({ ...named, commitments: commitTo('frame', field) }, manifests)),
        },
      ),
    ),
    evidence(
      'a refusal that commits to a label, with nothing shown of its model',
      'inconclusive',
      ['model-manifest-missing'],
      { ...given({ ...named, commitments: commitTo('label') }) },
    ),
  ];
}
