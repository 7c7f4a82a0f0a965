import {
  type CanonicalValue,
  encodeCanonical,
  encodeDatasetManifest,
  encodeModelManifest,
  encodeSample,
  hashSample,
  modelVersionOf,
  type Sample,
  sha256,
  toHex,
  utf8,
} from '../../src/index.ts';
import { DATASET, MODEL, SAMPLES } from '../../test/manifests.ts';
import { pick, type VectorCase, type VectorFile } from './case.ts';
import { envelopes } from './envelopes.ts';

const bad = (name: string, value: object): VectorCase => ({
  name,
  valid: false,
  bytes: toHex(encodeCanonical(value as CanonicalValue)),
});
const without = (record: object, field: string): object =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== field));

function samples(): VectorFile {
  const labels = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'];
  const many = Array.from(
    { length: 24 },
    (_, i): Sample => ({
      type: 'sample',
      version: 1,
      index: i * 1_000,
      id: `fer2013:${i * 1_000}`,
      contentSha256: toHex(sha256(utf8(`content ${i}`))),
      pixelsSha256: toHex(sha256(utf8(`pixels ${i}`))),
      label: labels[pick(`label ${i}`, 7)]!,
      split: 'training',
      source: 'fer2013',
      licence: 'dbcl-1.0',
    }),
  );
  const good = [...SAMPLES, ...many, { ...SAMPLES[3]!, index: 4, supersedes: 3, tombstone: true as const }];
  const first = SAMPLES[0]!;
  return {
    name: 'samples',
    about: 'docs/spec/dataset-manifest.md, "Sample".',
    cases: [
      ...good.map((s) => ({
        name: `${s.id} at ${s.index}`,
        valid: true,
        bytes: toHex(encodeSample(s)),
        leafHash: toHex(hashSample(s)),
      })),
      ...Object.keys(first).map((field) => bad(`without ${field}`, without(first, field))),
      bad('an unknown field', { ...first, pixels: 1 }),
      bad('a label in capitals', { ...first, label: 'Angry' }),
      bad('a negative index', { ...first, index: -1 }),
      bad('a tombstone that is false', { ...first, index: 5, supersedes: 1, tombstone: false }),
      bad('a tombstone of nothing', { ...first, tombstone: true }),
      bad('a sample that supersedes itself', { ...first, index: 5, supersedes: 5 }),
      bad('a sample that supersedes a later one', { ...first, index: 5, supersedes: 6 }),
    ],
  };
}

function datasets(): VectorFile {
  const { predicate, subject } = DATASET;
  const bytes = encodeDatasetManifest(DATASET);
  const root = subject[0].digest['rfc6962-sha256'];
  const good = (name: string, statement: typeof DATASET): VectorCase => {
    const payload = encodeDatasetManifest(statement);
    return {
      name,
      valid: true,
      bytes: toHex(payload),
      root,
      size: statement.predicate.size,
      digest: toHex(sha256(payload)),
    };
  };
  const change = (name: string, fields: object): VectorCase =>
    bad(name, { ...DATASET, predicate: { ...predicate, ...fields } });
  return {
    name: 'datasets',
    about: 'docs/spec/dataset-manifest.md, "Statement": payloads of the envelope.',
    cases: [
      good('the example', DATASET),
      good('with Croissant metadata', {
        ...DATASET,
        predicate: { ...predicate, croissant: 'ab'.repeat(32) },
      }),
      good('with no sample counted', {
        ...DATASET,
        predicate: { ...predicate, splits: {}, selection: { ...predicate.selection, size: 0 } },
      }),
      { name: 'a newline at the end', valid: false, bytes: `${toHex(bytes)}0a` },
      ...Object.keys(predicate).map((field) =>
        bad(`without ${field}`, { ...DATASET, predicate: without(predicate, field) }),
      ),
      change('an unknown field', { extra: 1 }),
      change('two equal labels', { labels: ['angry', 'angry', 'happy', 'sad'] }),
      change('one label', { labels: ['angry'], splits: {} }),
      change('a split with an unlisted label', { splits: { training: { bored: 1, angry: 1 } } }),
      change('more live samples than leaves', { splits: { training: { angry: 5 } } }),
      change('more selected than live samples', { selection: { ...predicate.selection, size: 4 } }),
      change('two equal sources', { sources: ['example', 'example'] }),
      change('no source', { sources: [] }),
      change('another name than the subject', { name: 'other' }),
      bad('another statement type', { ...DATASET, _type: 'https://in-toto.io/Statement/v0.1' }),
      bad('another predicate type', { ...DATASET, predicateType: 'https://slsa.dev/provenance/v1' }),
      bad('two subjects', { ...DATASET, subject: [subject[0], subject[0]] }),
      bad('no subject', { ...DATASET, subject: [] }),
      bad('a subject with another digest', {
        ...DATASET,
        subject: [{ name: predicate.name, digest: { sha256: root } }],
      }),
    ],
  };
}

function models(): VectorFile {
  const good = (name: string, model: typeof MODEL): VectorCase => {
    const bytes = encodeModelManifest(model);
    return { name, valid: true, bytes: toHex(bytes), modelVersion: toHex(modelVersionOf(bytes)) };
  };
  const [file] = MODEL.files as [(typeof MODEL.files)[number]];
  const change = (name: string, fields: object): VectorCase => bad(name, { ...MODEL, ...fields });
  return {
    name: 'models',
    about: 'docs/spec/model-manifest.md.',
    cases: [
      good('the example', MODEL),
      good('with a transcript', { ...MODEL, training: { ...MODEL.training, transcript: 'ab'.repeat(32) } }),
      good('with a conformal set', {
        ...MODEL,
        calibration: {
          temperaturePpm: 1_250_000,
          conformalQuantilePpm: 900_000,
          conformalCoveragePpm: 950_000,
        },
      }),
      good('with label smoothing', {
        ...MODEL,
        calibration: { temperaturePpm: 1_050_000, labelSmoothingPpm: 100_000 },
      }),
      good('with 32 files', {
        ...MODEL,
        files: Array.from({ length: 32 }, (_, i) => ({ ...file, name: `shard-${i}.bin` })),
      }),
      good('without figures', { ...MODEL, evaluation: {} }),
      ...Object.keys(MODEL).map((field) => bad(`without ${field}`, without(MODEL, field))),
      change('an unknown field', { extra: 1 }),
      change('no file', { files: [] }),
      change('33 files', {
        files: Array.from({ length: 33 }, (_, i) => ({ ...file, name: `shard-${i}.bin` })),
      }),
      change('a file twice', { files: [file, file] }),
      change('a file in another folder', { files: [{ ...file, name: '../weights.bin' }] }),
      change('a hidden file', { files: [{ ...file, name: '.weights' }] }),
      change('a label twice', { labels: ['angry', 'angry'] }),
      change('an accuracy above one', { evaluation: { accuracy: 1_000_001 } }),
      change('a figure whose name is no token', { evaluation: { 'Test accuracy': 1 } }),
      change('a temperature of zero', { calibration: { temperaturePpm: 0 } }),
      change('label smoothing of nothing', {
        calibration: { temperaturePpm: 1_000_000, labelSmoothingPpm: 0 },
      }),
      change('label smoothing of more than half', {
        calibration: { temperaturePpm: 1_000_000, labelSmoothingPpm: 500_001 },
      }),
      change('a dataset without its manifest', { dataset: without(MODEL.dataset, 'manifest') }),
      {
        name: 'a float',
        valid: false,
        bytes: toHex(utf8(new TextDecoder().decode(encodeModelManifest(MODEL)).replace('650000', '0.65'))),
      },
    ],
  };
}

export const manifestVectors = (): VectorFile[] => [samples(), datasets(), models(), envelopes()];
