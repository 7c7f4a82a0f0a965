// What the evidence cases start from: one bundle that verifies, the trust and the facts that it verifies with.
import {
  type EvidenceBundle,
  encodeEvidenceBundle,
  encodeModelManifest,
  fromUtf8,
  hashRecord,
  modelVersionOf,
  newLogSigner,
  proveInclusion,
  signNote,
  toBase64,
  toHex,
} from '../../src/index.ts';
import {
  CUSTODIAN_KEY,
  EVIDENCE,
  LOG_BYTES,
  LOG_SECRET,
  LOG_VERIFIER_KEY,
  noteAt,
  ORIGIN,
  REGISTRY,
} from '../../test/evidence.ts';
import { MODEL } from '../../test/manifests.ts';
import type { VectorCase } from './case.ts';

export const leaves = LOG_BYTES.map(hashRecord);
const CODE_HASH = 'ee'.repeat(32);
export const anchor = EVIDENCE.anchor!;
const modelVersion = toHex(modelVersionOf(encodeModelManifest(MODEL)));

export const TRUST = {
  chainId: 31_337,
  registry: REGISTRY,
  codeHash: CODE_HASH,
  logs: [{ origin: ORIGIN, verifierKey: LOG_VERIFIER_KEY }],
  custodians: [CUSTODIAN_KEY],
};

export const ANCHOR_FACT = {
  logId: anchor.logId,
  size: anchor.size,
  root: anchor.root,
  blockNumber: anchor.blockNumber,
  blockHash: `0x${'bb'.repeat(32)}`,
  transaction: anchor.transaction,
};

export const MODEL_FACT = {
  modelVersion,
  datasetRoot: MODEL.dataset.root,
  registeredAt: 1_786_000_000,
  isFinal: true,
};
export const DATASET_FACT = {
  datasetRoot: MODEL.dataset.root,
  size: MODEL.dataset.size,
  manifestDigest: MODEL.dataset.manifest,
  custodian: `0x${'0c'.repeat(20)}`,
  approvedAt: 1_785_500_000,
  isFinal: true,
};

export const FACTS = {
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

export type Facts = Omit<Partial<typeof FACTS>, 'model' | 'dataset' | 'anchors'> & {
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

export function evidence(
  name: string,
  outcome: keyof typeof EXITS,
  codes: readonly string[],
  given: Given = {},
): VectorCase {
  const { bundle = EVIDENCE, trust = TRUST, facts = FACTS } = given;
  const text = typeof bundle === 'string' ? bundle : fromUtf8(encodeEvidenceBundle(bundle));
  return { name, outcome, exitCode: EXITS[outcome], codes: [...codes].sort(), bundle: text, trust, facts };
}

export const without = <T extends object, K extends keyof T>(value: T, ...keys: readonly K[]): Omit<T, K> =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>;

/** Record `index`, proven at size 6, which is also the anchored size. */
export function bundleOf(index: number): EvidenceBundle {
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

export const json = fromUtf8(encodeEvidenceBundle(EVIDENCE));
export const change = (fields: Partial<EvidenceBundle>): EvidenceBundle => ({ ...EVIDENCE, ...fields });
const signer = newLogSigner({ name: ORIGIN, secretKey: LOG_SECRET });
export const noteOf = (size: number, root: Uint8Array, origin = ORIGIN, by = signer): string =>
  signNote(`${origin}\n${size}\n${toBase64(root)}\n`, by);
