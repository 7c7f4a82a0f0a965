import {
  type Checkpoint,
  type EvidenceBundle,
  encodeEvidenceBundle,
  hashLeaf,
  logIdOf,
  openNote,
  parseCheckpoint,
  proveInclusionFrom,
  toBase64,
  toHex,
} from '@testigo/trail';
import type { Command } from 'commander';
import type { AnchorFact } from '../../chain/facts.ts';
import { AuditError, messageOf } from '../../errors.ts';
import { DATASET_FILE, MANIFEST_FILE } from '../../files/model-folder.ts';
import { readBytes, readText } from '../../files/read-file.ts';
import { proveAnchor } from '../../log/anchor-proofs.ts';
import { readNodesFrom, readRecordAt } from '../../log/tile-proofs.ts';
import { baseOf, TileSource } from '../../trail/tile-source.ts';
import type { Trust } from '../../trust/trust-file.ts';
import { type Io, type Run, writeResult } from '../io.ts';
import { addChainOptions, type ChainOptions, parseIndex, readTrust } from '../options.ts';

interface ExportOptions extends ChainOptions {
  readonly log: string;
  readonly index: number;
  readonly model?: string;
  readonly output?: string;
}

export function addExportCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('export')
    .description('make the evidence bundle of one record from the log itself, without its operator')
    .requiredOption('--log <location>', 'URL or folder of the log (C2SP tlog-tiles)')
    .requiredOption('--index <n>', 'index of the record in the log', parseIndex)
    .option('--model <dir>', 'model bundle folder: put its manifest and its dataset manifest into the bundle')
    .option('--output <file>', 'write the bundle to a file instead of stdout');
  addChainOptions(command).action((options: ExportOptions) => run(() => exportEvidence(io, options)));
}

async function exportEvidence(io: Io, options: ExportOptions): Promise<number> {
  const trust = await readTrust(options);
  const base = baseOf(options.log);
  try {
    const bundle = await buildBundle(io, base, options, trust);
    await writeResult(io, `${new TextDecoder().decode(encodeEvidenceBundle(bundle))}\n`, options.output);
    return 0;
  } catch (cause) {
    if (cause instanceof AuditError) throw cause;
    throw new AuditError('export-impossible', `cannot export record ${options.index}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

async function buildBundle(
  io: Io,
  base: string,
  options: ExportOptions,
  trust: Trust | undefined,
): Promise<EvidenceBundle> {
  const source = new TileSource(base);
  const checkpointText = new TextDecoder().decode(await source.read('checkpoint'));
  const checkpoint = parseCheckpoint(openNote(checkpointText, []).body);
  const record = await readRecordAt(source, checkpoint.size, options.index);
  const nodes = readNodesFrom(source, checkpoint.size);
  const proof = await proveInclusionFrom(nodes, options.index, checkpoint.size);
  const anchor = await findAnchor(io, options, trust, checkpoint);
  return {
    type: 'testigo.evidence',
    version: 1,
    record: toBase64(record),
    leafHash: toHex(hashLeaf(record)),
    leafIndex: options.index,
    inclusionProof: proof.map(toHex),
    checkpoint: checkpointText,
    ...(anchor && trust && { anchor: await describeAnchor(base, checkpoint, anchor, trust) }),
    ...(options.model !== undefined && (await readModelParts(options.model))),
    disclosures: [],
  };
}

/** The first anchor that covers the record and is not beyond what the log serves. */
async function findAnchor(
  io: Io,
  options: ExportOptions,
  trust: Trust | undefined,
  { origin, size }: Checkpoint,
): Promise<AnchorFact | undefined> {
  if (trust === undefined || options.chain.length === 0) return undefined;
  const { readChain } = await import('../../chain/read-facts.ts');
  const query = { registry: trust.registry, fromBlock: trust.deployedAtBlock, logId: toHex(logIdOf(origin)) };
  const answer = await readChain(options.chain, query, io.signal);
  if (answer.status !== 'read') throw new AuditError('export-impossible', 'the chain does not answer');
  return answer.facts.anchors.find((anchor) => anchor.size > options.index && anchor.size <= size);
}

async function describeAnchor(base: string, checkpoint: Checkpoint, anchor: AnchorFact, trust: Trust) {
  const proof = await proveAnchor(base, checkpoint.size, anchor);
  return {
    chainId: trust.chainId,
    registry: `0x${trust.registry}`,
    logId: anchor.logId,
    size: anchor.size,
    root: anchor.root,
    transaction: anchor.transaction,
    blockNumber: anchor.blockNumber,
    consistencyProof: [...proof.hashes],
  };
}

async function readModelParts(
  dir: string,
): Promise<Pick<EvidenceBundle, 'modelManifest' | 'datasetEnvelope'>> {
  const modelManifest = toBase64(await readBytes(`${dir}/${MANIFEST_FILE}`));
  return { modelManifest, datasetEnvelope: await readText(`${dir}/${DATASET_FILE}`) };
}
