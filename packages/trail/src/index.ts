export {
  buildDatasetManifest,
  DATASET_PAYLOAD_TYPE,
  DATASET_PREDICATE_TYPE,
  type DatasetDescription,
  type DatasetStatement,
  datasetManifestDigest,
  datasetRootIn,
  encodeDatasetManifest,
  parseDatasetManifest,
} from './dataset/manifest.ts';
export {
  datasetRootOf,
  encodeSample,
  hashSample,
  parseSample,
  type Sample,
  selectLiveSamples,
} from './dataset/sample.ts';
export {
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
  MAX_RECORD_BYTES,
} from './encoding/canonical.ts';
export { equalBytes, fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from './encoding/text.ts';
export { TRAIL_ERRORS, TrailError, type TrailErrorCode } from './errors.ts';
export {
  type EvidenceBundle,
  encodeEvidenceBundle,
  parseEvidenceBundle,
} from './evidence/evidence-bundle.ts';
export { type Checkpoint, formatCheckpoint, logIdOf, parseCheckpoint } from './log/checkpoint.ts';
export { EMPTY_ROOT, HASH_BYTES, type Hash, hashChildren, hashLeaf, sha256 } from './log/hashing.ts';
export {
  type NodeReader,
  proveConsistency,
  proveConsistencyFrom,
  proveInclusion,
  proveInclusionFrom,
} from './log/proof.ts';
export {
  appendToRange,
  type CompactRange,
  countPeaks,
  emptyRange,
  type NodeSink,
  rootOfRange,
} from './log/range.ts';
export {
  decodeEntryBundle,
  decodeTile,
  encodeEntryBundle,
  entryBundlePath,
  parseTilePath,
  partialWidth,
  TILE_HEIGHT,
  TILE_WIDTH,
  type TilePath,
  tilePath,
} from './log/tiles.ts';
export {
  type ConsistencyClaim,
  computeRoot,
  type InclusionClaim,
  verifyConsistency,
  verifyInclusion,
} from './log/verify.ts';
export {
  encodeModelManifest,
  type ModelManifest,
  modelVersionOf,
  parseModelManifest,
} from './model/manifest.ts';
export { commitField, deriveSalt, type Opening, verifyDisclosure } from './record/commitment.ts';
export { encodeRecord, hashRecord, parseRecord } from './record/record.ts';
export { type RecordOf, type RecordType, recordSchema, type TrailRecord } from './record/schema.ts';
export {
  type DsseEnvelope,
  keyIdOf,
  type OpenedEnvelope,
  openDsse,
  parseDsse,
  signDsse,
} from './signing/dsse.ts';
export {
  type Ed25519KeyPair,
  keyPairOf,
  type SignatureVerifier,
  signBytes,
  verifySignature,
} from './signing/ed25519.ts';
export {
  type NoteSignature,
  type NoteSigner,
  type NoteVerifier,
  newLogSigner,
  newNoteVerifier,
  type OpenedNote,
  openNote,
  parseVerifierKey,
  signNote,
  verifierKey,
} from './signing/note.ts';
export { concludeVerdict, exitCodeOf, type Finding, type Outcome, type Verdict } from './verdict/verdict.ts';
