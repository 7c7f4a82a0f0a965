// Bundles that fail by their model, dataset or disclosures, or are none.
import {
  DATASET_PAYLOAD_TYPE,
  type EvidenceBundle,
  encodeDatasetManifest,
  encodeModelManifest,
  fromUtf8,
  sha256,
  signDsse,
  toBase64,
  toHex,
  utf8,
} from '../../src/index.ts';
import { CUSTODIAN_SECRET, EVIDENCE, LOG_BYTES } from '../../test/evidence.ts';
import { DATASET, MODEL } from '../../test/manifests.ts';
import type { VectorCase } from './case.ts';
import {
  change,
  DATASET_FACT,
  evidence,
  FACTS,
  type Facts,
  json,
  MODEL_FACT,
  TRUST,
  without,
} from './evidence-given.ts';

export function failedContent(): VectorCase[] {
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
