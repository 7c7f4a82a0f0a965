// What "accept" means for a case of each vector file, in terms of this package's public API.
import {
  commitField,
  computeRoot,
  datasetRootIn,
  decodeCanonical,
  decodeEntryBundle,
  deriveSalt,
  fromHex,
  hashLeaf,
  modelVersionOf,
  newNoteVerifier,
  openDsse,
  openNote,
  parseCheckpoint,
  parseDatasetManifest,
  parseDsse,
  parseModelManifest,
  parseRecord,
  parseSample,
  parseTilePath,
  parseVerifierKey,
  sha256,
  TrailError,
  toHex,
  utf8,
  verifyConsistency,
  verifyDisclosure,
  verifyInclusion,
  verifySignature,
} from '../src/index.ts';

export interface VectorCase {
  readonly name: string;
  readonly valid?: boolean;
  readonly outcome?: string;
  readonly [field: string]: unknown;
}

type Runner = (c: VectorCase) => boolean;

const text = (c: VectorCase, field: string): string => c[field] as string;
const number = (c: VectorCase, field: string): number => c[field] as number;
const bytes = (c: VectorCase, field = 'bytes'): Uint8Array => fromHex(text(c, field));
const hashes = (c: VectorCase): Uint8Array[] => (c.proof as string[]).map((hash) => fromHex(hash));
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new TrailError('bad-envelope', 'It is not JSON.', { cause });
  }
}

export const RUNNERS: Readonly<Record<string, Runner>> = {
  canonical: (c) => decodeCanonical(bytes(c)) !== undefined,
  records: (c) => parseRecord(bytes(c)).type === c.type && toHex(hashLeaf(bytes(c))) === c.leafHash,
  samples: (c) => parseSample(bytes(c)).version === 1 && toHex(hashLeaf(bytes(c))) === c.leafHash,
  models: (c) =>
    parseModelManifest(bytes(c)).version === 1 && toHex(modelVersionOf(bytes(c))) === c.modelVersion,
  datasets: (c) => {
    const statement = parseDatasetManifest(bytes(c));
    return isSame(
      [datasetRootIn(statement), statement.predicate.size, toHex(sha256(bytes(c)))],
      [c.root, c.size, c.digest],
    );
  },
  'entry-bundles': (c) =>
    isSame(
      decodeEntryBundle(bytes(c)).map((record) => toHex(hashLeaf(record))),
      c.leafHashes,
    ),
  trees: (c) => {
    const leaves = Array.from({ length: number(c, 'size') }, (_, i) => hashLeaf(utf8(`leaf ${i}`)));
    return toHex(computeRoot(leaves)) === c.root;
  },
  inclusion: (c) =>
    verifyInclusion({
      leafHash: bytes(c, 'leafHash'),
      index: number(c, 'index'),
      size: number(c, 'size'),
      proof: hashes(c),
      root: bytes(c, 'root'),
    }),
  consistency: (c) =>
    verifyConsistency({
      size1: number(c, 'size1'),
      size2: number(c, 'size2'),
      root1: bytes(c, 'root1'),
      root2: bytes(c, 'root2'),
      proof: hashes(c),
    }),
  'tile-paths': (c) => {
    const path = parseTilePath(text(c, 'path'));
    const level = path.kind === 'entries' ? -1 : path.level;
    return isSame([level, path.index, path.width], [c.level, c.index, c.width]);
  },
  checkpoints: (c) => {
    const { origin, size, root } = parseCheckpoint(text(c, 'body'));
    return isSame([origin, size, toHex(root)], [c.origin, c.size, c.root]);
  },
  notes: (c) => {
    const verifiers = (c.verifierKeys as string[]).map((key) => newNoteVerifier(key));
    return isSame(openNote(text(c, 'text'), verifiers).verifiedBy, c.verifiedBy);
  },
  'verifier-keys': (c) => {
    const { name, keyHash, publicKey } = parseVerifierKey(text(c, 'key'));
    return isSame([name, toHex(keyHash), toHex(publicKey)], [c.keyName, c.keyHash, c.publicKey]);
  },
  signatures: (c) => verifySignature(bytes(c, 'signature'), bytes(c, 'message'), bytes(c, 'publicKey')),
  commitments: (c) => {
    const [name, salt, value] = [text(c, 'field'), bytes(c, 'salt'), bytes(c, 'value')];
    const derived = toHex(deriveSalt(bytes(c, 'subjectKey'), text(c, 'recordId'), name));
    const commitment = bytes(c, 'commitment');
    const opens = verifyDisclosure({ commitment, salt, name, value });
    return derived === c.salt && opens && toHex(commitField({ salt, name, value })) === c.commitment;
  },
  envelopes: (c) => {
    const keys = (c.publicKeys as string[]).map((key) => fromHex(key));
    const envelope = parseDsse(parseJson(text(c, 'envelope')));
    return isSame(openDsse(envelope, text(c, 'payloadType'), keys).verifiedBy, c.verifiedBy);
  },
};
