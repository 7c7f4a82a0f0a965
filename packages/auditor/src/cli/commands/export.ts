import { type Checkpoint, type EvidenceBundle, encodeEvidenceBundle, logIdOf, toHex } from '@testigo/trail';
import type { Command } from 'commander';
import type { AnchorFact } from '../../chain/facts.ts';
import { AuditError, messageOf } from '../../errors.ts';
import { DATASET_FILE, MANIFEST_FILE, readModelBundle } from '../../files/model-folder.ts';
import { proveAnchor } from '../../log/anchor-proofs.ts';
import { exportRecord, type OpenLog, openLog } from '../../log/export-record.ts';
import { findLeaf } from '../../log/find-records.ts';
import { baseOf, nameOf } from '../../trail/tile-source.ts';
import type { Trust } from '../../trust/trust-file.ts';
import { type Io, type Run, writeResult } from '../io.ts';
import { addChainOptions, type ChainOptions, parseHash, parseIndex, readTrust } from '../options.ts';

interface ExportOptions extends ChainOptions {
  readonly log: string;
  readonly index?: number;
  readonly record?: string;
  readonly model?: string;
  readonly output?: string;
}

export function addExportCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('export')
    .description('make the evidence bundle of one record from the log itself, without its operator')
    .requiredOption('--log <location>', 'URL or folder of the log (C2SP tlog-tiles)')
    .option('--index <n>', 'index of the record in the log', parseIndex)
    .option('--record <hash>', 'hash of the record (its leaf in the log), instead of its index', parseHash)
    .option('--model <dir>', 'model bundle folder: put its manifest and its dataset manifest into the bundle')
    .option('--output <file>', 'write the bundle to a file instead of stdout');
  addChainOptions(command).action((options: ExportOptions) => run(() => exportEvidence(io, options)));
}

async function exportEvidence(io: Io, options: ExportOptions): Promise<number> {
  if (options.index === undefined && options.record === undefined)
    throw new AuditError('usage', 'export needs --index N or --record HASH');
  const trust = await readTrust(options);
  const base = baseOf(options.log);
  try {
    const bundle = await buildBundle(io, base, options, trust);
    await writeResult(io, `${new TextDecoder().decode(encodeEvidenceBundle(bundle))}\n`, options.output);
    return 0;
  } catch (cause) {
    if (cause instanceof AuditError) throw cause;
    throw new AuditError(
      'export-impossible',
      `cannot export record ${options.index ?? options.record} from ${nameOf(options.log)}: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

async function buildBundle(
  io: Io,
  base: string,
  options: ExportOptions,
  trust: Trust | undefined,
): Promise<EvidenceBundle> {
  const log = await openLog(base);
  const index = options.index ?? (await findRecord(log, options.record ?? ''));
  const anchor = await findAnchor(io, { ...options, index }, trust, log.checkpoint);
  return {
    ...(await exportRecord(log, index)),
    ...(anchor && trust && { anchor: await describeAnchor(base, log.checkpoint, anchor, trust) }),
    ...(options.model !== undefined && (await readManifests(options.model))),
  };
}

async function findRecord(log: OpenLog, leafHash: string): Promise<number> {
  const index = await findLeaf(log.source, log.checkpoint.size, leafHash);
  if (index === undefined)
    throw new AuditError('export-impossible', `the log holds no record with hash ${leafHash}`);
  return index;
}

/** The first anchor that covers the record and is not beyond what the log serves. */
async function findAnchor(
  io: Io,
  options: ExportOptions & { readonly index: number },
  trust: Trust | undefined,
  { origin, size }: Checkpoint,
): Promise<AnchorFact | undefined> {
  if (trust === undefined || options.chain.length === 0) return undefined;
  const { readChain } = await import('../../chain/read-facts.ts');
  const query = { registry: trust.registry, fromBlock: trust.deployedAtBlock, logId: toHex(logIdOf(origin)) };
  const answer = await readChain(options.chain, query, io.signal);
  if (answer.status !== 'read') {
    const why = answer.status === 'unreachable' ? `: ${answer.source}, ${answer.reason}` : '';
    throw new AuditError('export-impossible', `the chain does not answer${why}`);
  }
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

async function readManifests(
  dir: string,
): Promise<Pick<EvidenceBundle, 'modelManifest' | 'datasetEnvelope'>> {
  const { modelManifest, datasetEnvelope } = await readModelBundle(dir);
  if (modelManifest === undefined || datasetEnvelope === undefined)
    throw new AuditError('export-impossible', `${dir} lacks ${MANIFEST_FILE} or ${DATASET_FILE}`);
  return { modelManifest, datasetEnvelope };
}
