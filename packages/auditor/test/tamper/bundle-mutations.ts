import {
  computeRoot,
  type EvidenceBundle,
  encodeModelManifest,
  formatCheckpoint,
  fromBase64,
  hashLeaf,
  keyPairOf,
  newLogSigner,
  proveConsistency,
  proveInclusion,
  sha256,
  signDsse,
  signNote,
  toBase64,
  toHex,
  utf8,
} from '@testigo/trail';
import { makeStatementPayload, ORIGIN, type World } from '../world.ts';

type Anchor = NonNullable<EvidenceBundle['anchor']>;

/** One field, one mutation, and the one code that must come of it. */
export interface Mutation {
  readonly field: string;
  readonly mutation: string;
  readonly code: string;
  readonly outcome?: 'inconclusive';
  readonly apply: (bundle: EvidenceBundle, world: World) => EvidenceBundle;
}

export const flipHex = (text: string, at = 0): string =>
  text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);

const flipText = (text: string, from: string, to: string): string => {
  if (!text.includes(from)) throw new Error(`nothing to change: no ${from}`);
  return text.replace(from, to);
};

const editRecord = (bundle: EvidenceBundle, edit: (json: string) => string): EvidenceBundle => ({
  ...bundle,
  record: toBase64(utf8(edit(new TextDecoder().decode(fromBase64(bundle.record))))),
});
const rehash = (bundle: EvidenceBundle): EvidenceBundle => ({
  ...bundle,
  leafHash: toHex(hashLeaf(fromBase64(bundle.record))),
});
const flipCommitment = (json: string): string =>
  json.replace(/("frame":")([0-9a-f])/, (_, head, digit) => head + (digit === '0' ? '1' : '0'));
const withAnchor = (bundle: EvidenceBundle, change: Partial<Anchor>): EvidenceBundle => ({
  ...bundle,
  anchor: { ...bundle.anchor!, ...change },
});
const editEnvelope = (
  bundle: EvidenceBundle,
  edit: (envelope: Record<string, never>) => void,
): EvidenceBundle => {
  const envelope = JSON.parse(bundle.datasetEnvelope!);
  edit(envelope);
  return { ...bundle, datasetEnvelope: JSON.stringify(envelope) };
};
const omit = (bundle: EvidenceBundle, key: keyof EvidenceBundle): EvidenceBundle => {
  const { [key]: _, ...rest } = bundle;
  return rest as EvidenceBundle;
};

export const RECORD_MUTATIONS: readonly Mutation[] = [
  {
    field: 'record',
    mutation: 'one digit of a commitment',
    code: 'record-hash-mismatch',
    apply: (b) => editRecord(b, flipCommitment),
  },
  {
    field: 'record',
    mutation: 'one digit, leaf hash adjusted',
    code: 'inclusion-proof-invalid',
    apply: (b) => rehash(editRecord(b, flipCommitment)),
  },
  {
    field: 'record',
    mutation: 'a space',
    code: 'record-malformed',
    apply: (b) => editRecord(b, (json) => json.replace(':', ': ')),
  },
  {
    field: 'record',
    mutation: 'a field more',
    code: 'record-malformed',
    apply: (b) => editRecord(b, (json) => json.replace('"build"', '"alibi":true,"build"')),
  },
  {
    field: 'record',
    mutation: 'a field twice',
    code: 'record-malformed',
    apply: (b) => editRecord(b, (json) => json.replace('{"build"', `{"build":"${'0'.repeat(64)}","build"`)),
  },
  {
    field: 'record',
    mutation: 'a float',
    code: 'record-malformed',
    apply: (b) => editRecord(b, (json) => json.replace('"version":1', '"version":1.0')),
  },
  {
    field: 'record',
    mutation: 'cut short',
    code: 'record-malformed',
    apply: (b) => editRecord(b, (json) => json.slice(0, -1)),
  },
  {
    field: 'record',
    mutation: 'nothing left',
    code: 'record-malformed',
    apply: (b) => ({ ...b, record: '' }),
  },
  {
    field: 'record',
    mutation: 'the next record',
    code: 'record-hash-mismatch',
    apply: (b, w) => ({ ...b, record: toBase64(w.records[b.leafIndex + 1]!) }),
  },
  {
    field: 'record',
    mutation: 'swapped with the next one',
    code: 'inclusion-proof-invalid',
    apply: (b, w) => rehash({ ...b, record: toBase64(w.records[b.leafIndex + 1]!) }),
  },
  {
    field: 'record',
    mutation: 'the whole bundle of the next one',
    code: 'record-swapped',
    apply: (b, w) => w.bundle(b.leafIndex + 1, 5, 8),
  },
  {
    field: 'leafHash',
    mutation: 'one digit',
    code: 'record-hash-mismatch',
    apply: (b) => ({ ...b, leafHash: flipHex(b.leafHash!) }),
  },
  {
    field: 'leafHash',
    mutation: 'removed, record changed',
    code: 'inclusion-proof-invalid',
    apply: (b) => omit(editRecord(b, flipCommitment), 'leafHash'),
  },
];

export const PROOF_MUTATIONS: readonly Mutation[] = [
  {
    field: 'leafIndex',
    mutation: 'one more',
    code: 'inclusion-proof-invalid',
    apply: (b) => ({ ...b, leafIndex: b.leafIndex + 1 }),
  },
  {
    field: 'leafIndex',
    mutation: 'one less',
    code: 'inclusion-proof-invalid',
    apply: (b) => ({ ...b, leafIndex: b.leafIndex - 1 }),
  },
  {
    field: 'leafIndex',
    mutation: 'the size of the log',
    code: 'inclusion-index-out-of-range',
    apply: (b) => ({ ...b, leafIndex: 5 }),
  },
  {
    field: 'inclusionProof',
    mutation: 'one digit',
    code: 'inclusion-proof-invalid',
    apply: (b) => ({ ...b, inclusionProof: [flipHex(b.inclusionProof[0]!), ...b.inclusionProof.slice(1)] }),
  },
  {
    field: 'inclusionProof',
    mutation: 'one hash less',
    code: 'inclusion-proof-invalid',
    apply: (b) => ({ ...b, inclusionProof: b.inclusionProof.slice(1) }),
  },
  {
    field: 'inclusionProof',
    mutation: 'one hash more',
    code: 'inclusion-proof-invalid',
    apply: (b) => ({ ...b, inclusionProof: [...b.inclusionProof, b.inclusionProof[0]!] }),
  },
  {
    field: 'inclusionProof',
    mutation: 'turned round',
    code: 'inclusion-proof-invalid',
    apply: (b) => ({ ...b, inclusionProof: [...b.inclusionProof].reverse() }),
  },
  {
    field: 'inclusionProof',
    mutation: 'emptied',
    code: 'inclusion-proof-invalid',
    apply: (b) => ({ ...b, inclusionProof: [] }),
  },
];

const forkedLeaves = (world: World) =>
  world.leaves.map((leaf, i) => (i === 4 ? hashLeaf(utf8('another record')) : leaf));

function signFork(bundle: EvidenceBundle, world: World, size: number, withProof: boolean): EvidenceBundle {
  const tree = forkedLeaves(world).slice(0, size);
  const signer = newLogSigner({ name: ORIGIN, secretKey: world.logKey.secretKey });
  const checkpoint = signNote(formatCheckpoint({ origin: ORIGIN, size, root: computeRoot(tree) }), signer);
  const inclusionProof = proveInclusion(tree, bundle.leafIndex).map(toHex);
  const forked = { ...bundle, checkpoint, inclusionProof };
  const consistencyProof = proveConsistency(forkedLeaves(world), size).map(toHex);
  return withProof ? withAnchor(forked, { consistencyProof }) : omit(forked, 'anchor');
}

const signWith = (bundle: EvidenceBundle, name: string, origin: string): EvidenceBundle => {
  const { secretKey } = keyPairOf(sha256(utf8('somebody else')));
  const [, size] = bundle.checkpoint.split('\n');
  const root = fromBase64(bundle.checkpoint.split('\n')[2]!);
  const body = formatCheckpoint({ origin, size: Number(size), root });
  return { ...bundle, checkpoint: signNote(body, newLogSigner({ name, secretKey })) };
};

export const CHECKPOINT_MUTATIONS: readonly Mutation[] = [
  {
    field: 'checkpoint',
    mutation: 'another size',
    code: 'checkpoint-signature-invalid',
    apply: (b) => ({ ...b, checkpoint: flipText(b.checkpoint, '\n5\n', '\n6\n') }),
  },
  {
    field: 'checkpoint',
    mutation: 'another root',
    code: 'checkpoint-signature-invalid',
    apply: (b) => ({
      ...b,
      checkpoint: b.checkpoint.replace(/\n5\n(.)/, (_, c) => `\n5\n${c === 'A' ? 'B' : 'A'}`),
    }),
  },
  {
    field: 'checkpoint',
    mutation: 'an extension line',
    code: 'checkpoint-signature-invalid',
    apply: (b) => ({ ...b, checkpoint: flipText(b.checkpoint, '\n\n', '\nmore\n\n') }),
  },
  {
    field: 'checkpoint',
    mutation: 'one character of the signature',
    code: 'checkpoint-signature-invalid',
    apply: (b) => ({
      ...b,
      checkpoint: b.checkpoint.replace(/(.)(.{20})\n$/, (_, c, rest) => `${c === 'A' ? 'B' : 'A'}${rest}\n`),
    }),
  },
  {
    field: 'checkpoint',
    mutation: 'another origin',
    code: 'checkpoint-log-unpinned',
    apply: (b) => ({ ...b, checkpoint: flipText(b.checkpoint, ORIGIN, 'log.example/callz') }),
  },
  {
    field: 'checkpoint',
    mutation: 'another log altogether',
    code: 'checkpoint-log-unpinned',
    apply: (b) => signWith(b, 'log.example/other', 'log.example/other'),
  },
  {
    field: 'checkpoint',
    mutation: 'signed by another key of the same name',
    code: 'checkpoint-signature-missing',
    apply: (b) => signWith(b, ORIGIN, ORIGIN),
  },
  {
    field: 'checkpoint',
    mutation: 'no signature line',
    code: 'checkpoint-malformed',
    apply: (b) => ({ ...b, checkpoint: b.checkpoint.slice(0, b.checkpoint.indexOf('\n\n') + 1) }),
  },
  {
    field: 'checkpoint',
    mutation: 'size with a leading zero',
    code: 'checkpoint-malformed',
    apply: (b) => ({ ...b, checkpoint: flipText(b.checkpoint, '\n5\n', '\n05\n') }),
  },
  {
    field: 'checkpoint',
    mutation: 'a fork of the anchored size',
    code: 'anchor-log-forked',
    apply: (b, w) => signFork(b, w, 8, false),
  },
  {
    field: 'checkpoint',
    mutation: 'a fork of another size',
    code: 'anchor-consistency-invalid',
    apply: (b, w) => signFork(b, w, 5, true),
  },
];

export const ANCHOR_MUTATIONS: readonly Mutation[] = [
  {
    field: 'anchor.chainId',
    mutation: 'another',
    code: 'anchor-registry-unpinned',
    apply: (b) => withAnchor(b, { chainId: 1 }),
  },
  {
    field: 'anchor.registry',
    mutation: 'another',
    code: 'anchor-registry-unpinned',
    apply: (b) => withAnchor(b, { registry: `0x${'12'.repeat(20)}` }),
  },
  {
    field: 'anchor.logId',
    mutation: 'one digit',
    code: 'anchor-claim-mismatch',
    apply: (b) => withAnchor(b, { logId: flipHex(b.anchor!.logId) }),
  },
  {
    field: 'anchor.size',
    mutation: 'never anchored',
    code: 'anchor-claim-mismatch',
    apply: (b) => withAnchor(b, { size: 7 }),
  },
  {
    field: 'anchor.root',
    mutation: 'one digit',
    code: 'anchor-claim-mismatch',
    apply: (b) => withAnchor(b, { root: flipHex(b.anchor!.root) }),
  },
  {
    field: 'anchor.transaction',
    mutation: 'one digit',
    code: 'anchor-claim-mismatch',
    apply: (b) => withAnchor(b, { transaction: `0x${flipHex(b.anchor!.transaction.slice(2))}` }),
  },
  {
    field: 'anchor.blockNumber',
    mutation: 'the block before',
    code: 'anchor-claim-mismatch',
    apply: (b) => withAnchor(b, { blockNumber: b.anchor!.blockNumber - 1 }),
  },
  {
    field: 'anchor.consistencyProof',
    mutation: 'one digit',
    code: 'anchor-consistency-invalid',
    apply: (b) => withAnchor(b, { consistencyProof: b.anchor!.consistencyProof.map((h) => flipHex(h)) }),
  },
  {
    field: 'anchor.consistencyProof',
    mutation: 'one hash less',
    code: 'anchor-consistency-invalid',
    apply: (b) => withAnchor(b, { consistencyProof: b.anchor!.consistencyProof.slice(1) }),
  },
  {
    field: 'anchor.consistencyProof',
    mutation: 'emptied',
    code: 'anchor-consistency-invalid',
    apply: (b) => withAnchor(b, { consistencyProof: [] }),
  },
  {
    field: 'anchor',
    mutation: 'removed',
    code: 'anchor-consistency-missing',
    outcome: 'inconclusive',
    apply: (b) => omit(b, 'anchor'),
  },
];

export const CONTENT_MUTATIONS: readonly Mutation[] = [
  {
    field: 'modelManifest',
    mutation: 'another seed',
    code: 'model-version-mismatch',
    apply: (b, w) => ({
      ...b,
      modelManifest: toBase64(
        encodeModelManifest({ ...w.manifest, training: { ...w.manifest.training, seed: 2 } }),
      ),
    }),
  },
  {
    field: 'modelManifest',
    mutation: 'a byte',
    code: 'model-manifest-malformed',
    apply: (b) => ({ ...b, modelManifest: toBase64(utf8('[')) }),
  },
  {
    field: 'modelManifest',
    mutation: 'removed',
    code: 'model-manifest-missing',
    outcome: 'inconclusive',
    apply: (b) => omit(b, 'modelManifest'),
  },
  {
    field: 'datasetEnvelope',
    mutation: 'another label in the payload',
    code: 'dataset-signature-invalid',
    apply: (b, w) =>
      editEnvelope(b, (e) =>
        Object.assign(e, { payload: toBase64(makeStatementPayload(w.datasetRoot, 'changed')) }),
      ),
  },
  {
    field: 'datasetEnvelope',
    mutation: 'a byte of the payload',
    code: 'dataset-manifest-malformed',
    apply: (b) => editEnvelope(b, (e) => Object.assign(e, { payload: toBase64(utf8('{')) })),
  },
  {
    field: 'datasetEnvelope',
    mutation: 'another payload type',
    code: 'dataset-envelope-malformed',
    apply: (b) => editEnvelope(b, (e) => Object.assign(e, { payloadType: 'text/plain' })),
  },
  {
    field: 'datasetEnvelope',
    mutation: 'not JSON',
    code: 'dataset-envelope-malformed',
    apply: (b) => ({ ...b, datasetEnvelope: 'x' }),
  },
  {
    field: 'datasetEnvelope',
    mutation: 'signed by somebody else',
    code: 'dataset-signature-invalid',
    apply: (b, w) => resignDataset(b, makeStatementPayload(w.datasetRoot), sha256(utf8('stranger'))),
  },
  {
    field: 'datasetEnvelope',
    mutation: 'of another dataset, well signed',
    code: 'dataset-root-mismatch',
    apply: (b, w) => resignDataset(b, makeStatementPayload(flipHex(w.datasetRoot)), w.custodian.secretKey),
  },
  {
    field: 'datasetEnvelope',
    mutation: 'with another size, well signed',
    code: 'dataset-size-mismatch',
    apply: (b, w) =>
      resignDataset(b, makeStatementPayload(w.datasetRoot, 'made-up', 8), w.custodian.secretKey),
  },
  {
    field: 'datasetEnvelope',
    mutation: 'with another name, well signed',
    code: 'dataset-manifest-mismatch',
    apply: (b, w) => resignDataset(b, makeStatementPayload(w.datasetRoot, 'other'), w.custodian.secretKey),
  },
  {
    field: 'datasetEnvelope',
    mutation: 'removed',
    code: 'dataset-manifest-missing',
    outcome: 'inconclusive',
    apply: (b) => omit(b, 'datasetEnvelope'),
  },
  {
    field: 'disclosures',
    mutation: 'another value',
    code: 'disclosure-mismatch',
    apply: (b) => ({ ...b, disclosures: [{ ...b.disclosures[0]!, value: toBase64(utf8('angry')) }] }),
  },
  {
    field: 'disclosures',
    mutation: 'another salt',
    code: 'disclosure-mismatch',
    apply: (b) => ({ ...b, disclosures: [{ ...b.disclosures[0]!, salt: flipHex(b.disclosures[0]!.salt) }] }),
  },
  {
    field: 'disclosures',
    mutation: 'under the name of another field',
    code: 'disclosure-mismatch',
    apply: (b) => ({ ...b, disclosures: [{ ...b.disclosures[0]!, field: 'scores' }] }),
  },
  {
    field: 'disclosures',
    mutation: 'of a field that the record has not',
    code: 'disclosure-field-unknown',
    apply: (b) => ({ ...b, disclosures: [{ ...b.disclosures[0]!, field: 'mood' }] }),
  },
];

function resignDataset(bundle: EvidenceBundle, payload: Uint8Array, secretKey: Uint8Array): EvidenceBundle {
  return {
    ...bundle,
    datasetEnvelope: JSON.stringify(signDsse('application/vnd.in-toto+json', payload, secretKey)),
  };
}
