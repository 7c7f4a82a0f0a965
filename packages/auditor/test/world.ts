import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestigoRegistry } from '@testigo/contracts';
import { type Deployment, type LocalChain, startChain } from '@testigo/contracts/testing';
import {
  buildDatasetManifest,
  computeRoot,
  DATASET_PAYLOAD_TYPE,
  datasetManifestDigest,
  datasetRootOf,
  deriveSalt,
  type EvidenceBundle,
  encodeDatasetManifest,
  encodeEvidenceBundle,
  encodeModelManifest,
  encodeRecord,
  encodeSample,
  formatCheckpoint,
  type Hash,
  hashLeaf,
  keyPairOf,
  type ModelManifest,
  modelVersionOf,
  newLogSigner,
  parseRecord,
  proveConsistency,
  proveInclusion,
  type Sample,
  sha256,
  signDsse,
  signNote,
  type TrailRecord,
  toBase64,
  toHex,
  utf8,
} from '@testigo/trail';
import type { JsonRpcProvider } from 'ethers';
import {
  anchor,
  approveDataset,
  openLog,
  openRegistrar,
  pinsOf,
  type Registrar,
  registerModel,
} from './on-chain.ts';
import { commitForReal, hex, makeDetection, makeSession, type Named, SUBJECT_KEY } from './records.ts';

export { hex, SUBJECT_KEY } from './records.ts';

export const ORIGIN = 'log.example/calls';
export const id = (n: number): string => n.toString(16).padStart(32, '0');
const LABELS = ['angry', 'happy', 'neutral'];
export const SESSION = id(1000);

/** A whole Testigo in small: a real chain with a registry, a signed dataset, a model folder, a log, bundles. */
export interface World {
  readonly dir: string;
  readonly chain: LocalChain;
  readonly provider: JsonRpcProvider;
  readonly deployment: Deployment;
  readonly registry: TestigoRegistry;
  readonly registrar: Registrar;
  readonly custodian: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array };
  readonly logKey: { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array };
  readonly samples: readonly Sample[];
  readonly datasetRoot: string;
  readonly envelope: string;
  readonly modelDir: string;
  readonly manifest: ModelManifest;
  readonly modelVersion: string;
  readonly records: readonly Uint8Array[];
  readonly leaves: readonly Uint8Array[];
  /** Sizes anchored, with transaction hash and block number, oldest first. */
  readonly anchors: readonly {
    readonly size: number;
    readonly transaction: string;
    readonly blockNumber: number;
  }[];
  readonly trustFile: string;
  readonly samplesFile: string;
  trust(): Record<string, unknown>;
  bundle(index: number, checkpointSize: number, anchorSize?: number): EvidenceBundle;
  write(name: string, content: string | Uint8Array): Promise<string>;
  writeBundle(bundle: EvidenceBundle, name?: string): Promise<string>;
  stop(): Promise<void>;
}

export function makeSamples(count: number): Sample[] {
  return Array.from({ length: count }, (_, index) => ({
    type: 'sample',
    version: 1,
    index,
    id: `test:${index}`,
    contentSha256: hex(`content ${index}`),
    pixelsSha256: hex(`pixels ${index}`),
    label: LABELS[index % LABELS.length]!,
    split: 'train',
    source: 'made',
    licence: 'cc0-1.0',
  }));
}

export const writeSamples = (samples: readonly Sample[]): string =>
  samples.map((sample) => `${new TextDecoder().decode(encodeSample(sample))}\n`).join('');

export function makeStatementPayload(
  root: string,
  name = 'made-up',
  size = 7,
  splits: Record<string, Record<string, number>> = { train: { angry: size - 4, happy: 2, neutral: 2 } },
): Uint8Array {
  const statement = buildDatasetManifest({
    name,
    root,
    size,
    labels: [...new Set([...LABELS, ...Object.values(splits).flatMap(Object.keys)])],
    splits,
    selection: { root, size },
    licence: 'cc0-1.0',
    sources: ['made'],
    collectedAt: 1_770_000_000,
  });
  return encodeDatasetManifest(statement);
}

/** A detection of the world's one session. */
export const makeWorldDetection = (sequence: number, named: Named): TrailRecord =>
  makeDetection(sequence, planOf(named));

/** The world's one session: opened, `detections` readings, closed. */
export const makeWorldRecords = (detections: number, named: Named): TrailRecord[] => [
  ...makeSession({ ...planOf(named), detections }),
];

/** The world's records, each naming a model of its own. */
export function nameManyModels({ records }: World): { records: Uint8Array[]; leaves: Hash[] } {
  const renamed = records.map((bytes, index) => {
    const record = parseRecord(bytes);
    return record.type === 'DETECTION'
      ? encodeRecord({ ...record, modelVersion: hex(`model ${index}`) })
      : bytes;
  });
  return { records: renamed, leaves: renamed.map(hashLeaf) };
}

const planOf = (named: Named) => ({
  ...named,
  sessionId: SESSION,
  openedAt: 1_790_000_000,
  idOf: id,
  commit: commitForReal,
});

export async function makeModelFolder(
  dir: string,
  dataset: ModelManifest['dataset'],
): Promise<ModelManifest> {
  const contents: Record<string, string> = {
    'weights.bin': 'not really weights',
    'model.json': '{}',
    'card.md': '# Card',
  };
  await mkdir(dir, { recursive: true });
  const files = Object.entries(contents).map(([name, text]) => ({
    name,
    role: name.split('.')[0]!,
    bytes: text.length,
    sha256: createHash('sha256').update(text).digest('hex'),
  }));
  const manifest: ModelManifest = {
    type: 'testigo.model',
    version: 1,
    name: 'test-model',
    architecture: 'none',
    parameters: 0,
    files,
    labels: LABELS,
    preprocessing: hex('preprocessing'),
    dataset,
    training: { config: hex('config'), seed: 1, epochs: 1, backend: 'none', trainedAt: 1_780_000_000 },
    evaluation: { accuracy: 500_000 },
    calibration: { temperaturePpm: 1_000_000 },
  };
  await Promise.all(Object.entries(contents).map(([name, text]) => writeFile(join(dir, name), text)));
  await writeFile(join(dir, 'manifest.json'), encodeModelManifest(manifest));
  return manifest;
}

export async function createWorld({ detections = 6, anchorSizes = [3, 8] } = {}): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'testigo-auditor-'));
  const chain = await startChain();
  const registrar = await openRegistrar(chain);
  const { deployment, provider, registry } = registrar;
  const custodian = keyPairOf(sha256(utf8('custodian')));
  const logKey = keyPairOf(sha256(utf8('log')));

  const samples = makeSamples(7);
  const datasetRoot = toHex(datasetRootOf(samples));
  const payload = makeStatementPayload(datasetRoot);
  const envelope = JSON.stringify(signDsse(DATASET_PAYLOAD_TYPE, payload, custodian.secretKey));
  const manifestDigest = toHex(datasetManifestDigest(payload));
  await approveDataset(registrar, { root: datasetRoot, size: samples.length, manifestDigest });

  const modelDir = join(dir, 'model');
  const dataset = {
    root: datasetRoot,
    size: samples.length,
    manifest: manifestDigest,
    selection: datasetRoot,
  };
  const manifest = await makeModelFolder(modelDir, dataset);
  const manifestBytes = encodeModelManifest(manifest);
  const modelVersion = toHex(modelVersionOf(manifestBytes));
  await registerModel(registrar, modelVersion, datasetRoot);

  const named = { modelVersion, datasetRoot, datasetSize: samples.length };
  const records = makeWorldRecords(detections, named).map(encodeRecord);
  const leaves = records.map(hashLeaf);
  const logId = `0x${toHex(sha256(utf8(ORIGIN)))}`;
  await openLog(registrar, ORIGIN, logKey.publicKey);
  const anchors: { size: number; transaction: string; blockNumber: number }[] = [];
  for (const size of anchorSizes) {
    const before = anchors.at(-1)?.size ?? 0;
    const tree = leaves.slice(0, size);
    const counted = records
      .slice(before, size)
      .filter((bytes) => new TextDecoder().decode(bytes).includes('"DETECTION"')).length;
    const head = { size, root: computeRoot(tree), proof: proveConsistency(tree, before) };
    anchors.push(await anchor(registrar, ORIGIN, head, { [modelVersion]: counted }));
  }

  const signer = newLogSigner({ name: ORIGIN, secretKey: logKey.secretKey });
  const trust = () => ({
    ...pinsOf(registrar, ORIGIN, logKey.publicKey),
    custodians: [toHex(custodian.publicKey)],
  });
  const write = async (name: string, content: string | Uint8Array) => {
    const path = join(dir, name);
    await writeFile(path, content);
    return path;
  };
  const bundle = (index: number, checkpointSize: number, anchorSize?: number): EvidenceBundle => {
    const tree = leaves.slice(0, checkpointSize);
    const anchored = anchors.find(({ size }) => size === anchorSize);
    const [small, large] = [checkpointSize, anchorSize ?? 0].sort((a, b) => a - b) as [number, number];
    const salt = toHex(deriveSalt(SUBJECT_KEY, id(index), 'label'));
    const isDetection = index > 0 && index <= detections;
    return {
      type: 'testigo.evidence',
      version: 1,
      record: toBase64(records[index]!),
      leafHash: toHex(leaves[index]!),
      leafIndex: index,
      inclusionProof: proveInclusion(tree, index).map(toHex),
      checkpoint: signNote(
        formatCheckpoint({ origin: ORIGIN, size: checkpointSize, root: computeRoot(tree) }),
        signer,
      ),
      ...(anchored && {
        anchor: {
          chainId: deployment.chainId,
          registry: deployment.address.toLowerCase(),
          logId: logId.slice(2),
          size: anchored.size,
          root: toHex(computeRoot(leaves.slice(0, anchored.size))),
          transaction: anchored.transaction,
          blockNumber: anchored.blockNumber,
          consistencyProof: proveConsistency(leaves.slice(0, large), small).map(toHex),
        },
      }),
      modelManifest: toBase64(manifestBytes),
      datasetEnvelope: envelope,
      disclosures: isDetection ? [{ field: 'label', salt, value: toBase64(utf8('happy')) }] : [],
    };
  };
  return {
    dir,
    chain,
    provider,
    deployment,
    registry,
    registrar,
    custodian,
    logKey,
    samples,
    datasetRoot,
    envelope,
    modelDir,
    manifest,
    modelVersion,
    records,
    leaves,
    anchors,
    trust,
    bundle,
    write,
    writeBundle: (content, name = 'bundle.json') => write(name, encodeEvidenceBundle(content)),
    trustFile: await write('trust.json', JSON.stringify(trust())),
    samplesFile: await write('samples.ndjson', writeSamples(samples)),
    stop: async () => {
      provider.destroy();
      await chain.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
