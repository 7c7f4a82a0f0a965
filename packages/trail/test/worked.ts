// The worked bytes of docs/spec, by name.
import { keccak_256 } from '@noble/hashes/sha3.js';
import {
  commitField,
  computeRoot,
  DATASET_PAYLOAD_TYPE,
  datasetRootIn,
  deriveSalt,
  encodeDatasetManifest,
  encodeEntryBundle,
  encodeEvidenceBundle,
  encodeModelManifest,
  encodeSample,
  entryBundlePath,
  fromHex,
  fromUtf8,
  type Hash,
  hashRecord,
  hashSample,
  logIdOf,
  modelVersionOf,
  proveConsistency,
  proveInclusion,
  sha256,
  signDsse,
  tilePath,
  toHex,
  utf8,
} from '../src/index.ts';
import {
  CUSTODIAN_SECRET,
  EVIDENCE,
  LOG_BYTES,
  LOG_RECORDS,
  LOG_VERIFIER_KEY,
  ORIGIN,
  SUBJECT_KEY,
} from './evidence.ts';
import { DATASET, MODEL, SAMPLES } from './manifests.ts';

const leaves: readonly Hash[] = LOG_BYTES.map(hashRecord);
const lines = (...parts: readonly string[]): string => parts.join('\n');
const hex = (hashes: readonly Hash[]): string => hashes.map(toHex).join('\n');
const keccak = (...parts: readonly Uint8Array[]): Uint8Array =>
  keccak_256(Uint8Array.from(parts.flatMap((p) => [...p])));
const word = (value: number | string): Uint8Array =>
  fromHex((typeof value === 'number' ? value.toString(16) : value.replace('0x', '')).padStart(64, '0'));

function approval(): string {
  const approvalType = keccak(
    utf8(
      'DatasetApproval(bytes32 datasetRoot,uint64 size,bytes32 manifestDigest,address custodian,uint256 deadline)',
    ),
  );
  const rotationType = keccak(
    utf8('KeyRotation(bytes32 logId,address newKey,bytes32 newCheckpointKey,uint256 nonce,uint256 deadline)'),
  );
  const domain = keccak(
    keccak(utf8('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)')),
    keccak(utf8('TestigoRegistry')),
    keccak(utf8('1')),
    word(31_337),
    word('ab'.repeat(20)),
  );
  const struct = keccak(
    approvalType,
    fromHex(datasetRootIn(DATASET)),
    word(SAMPLES.length),
    sha256(encodeDatasetManifest(DATASET)),
    word('0c'.repeat(20)),
    word(1_800_000_000),
  );
  return hex([approvalType, rotationType, domain, keccak(Uint8Array.of(0x19, 0x01), domain, struct)]);
}

export function workedBytes(): Readonly<Record<string, string>> {
  const salt = deriveSalt(SUBJECT_KEY, LOG_RECORDS[1]!.id, 'label');
  const statement = encodeDatasetManifest(DATASET);
  const model = encodeModelManifest(MODEL);
  return {
    'record-bytes': fromUtf8(LOG_BYTES[1]!),
    'record-leaf': toHex(leaves[1]!),
    commitment: hex([salt, commitField({ salt, name: 'label', value: 'happy' })]),
    tree: lines(hex(leaves), '', hex([0, 4, 6].map((size) => computeRoot(leaves.slice(0, size))))),
    proofs: lines(hex(proveInclusion(leaves.slice(0, 4), 1)), '', hex(proveConsistency(leaves, 4))),
    tiles: lines(
      leaves.map(toHex).join(''),
      tilePath(0, 0, 6),
      `${entryBundlePath(0, 6)} begins ${toHex(encodeEntryBundle(LOG_BYTES)).slice(0, 40)}`,
      tilePath(0, 1_234_067),
    ),
    checkpoint: lines(LOG_VERIFIER_KEY, '', EVIDENCE.checkpoint, toHex(logIdOf(ORIGIN))),
    samples: lines(
      fromUtf8(encodeSample(SAMPLES[0]!)),
      toHex(hashSample(SAMPLES[0]!)),
      datasetRootIn(DATASET),
      DATASET.predicate.selection.root,
    ),
    statement: lines(fromUtf8(statement), toHex(sha256(statement))),
    envelope: JSON.stringify(signDsse(DATASET_PAYLOAD_TYPE, statement, CUSTODIAN_SECRET)),
    model: lines(fromUtf8(model), toHex(modelVersionOf(model))),
    bundle: fromUtf8(encodeEvidenceBundle(EVIDENCE)),
    approval: approval(),
  };
}

const BLOCK = /<!-- worked: ([\w-]+) -->\n```text\n[\s\S]*?```/g;

/** The document with its worked bytes filled in, and the names that occur. */
export function fillWorked(text: string): { readonly text: string; readonly names: readonly string[] } {
  const bytes = workedBytes();
  const names: string[] = [];
  const filled = text.replace(BLOCK, (_, name: string) => {
    names.push(name);
    return `<!-- worked: ${name} -->\n\`\`\`text\n${bytes[name]}\n\`\`\``;
  });
  return { text: filled, names };
}
