import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, type ModelManifest, parseModelManifest } from '@testigo/trail';
import { RpcRefusal, RpcUnreachable } from '../chain/json-rpc.ts';
import { messageOf } from '../errors.ts';
import { readModelBundle } from '../files/model-folder.ts';
import { makeFinding } from '../findings/table.ts';
import { drawIndices } from '../replay/draw.ts';
import { judgeSegment } from '../replay/judge-segment.ts';
import { type Rerun, rerunSegment } from '../replay/rerun-segment.ts';
import { checkTranscript, type Transcript } from '../replay/transcript.ts';
import type { Trust } from '../trust/trust-file.ts';
import { checkChain } from '../verify/check-chain.ts';
import { checkRegistration } from '../verify/check-model.ts';
import { attempt } from '../verify/checked.ts';
import { finishAudit } from './finish.ts';
import type { Io } from './io.ts';
import { lookUpFacts } from './look-up.ts';
import { type ChainOptions, type OutputOptions, readTrust } from './options.ts';
import { createProgress, type Progress } from './progress.ts';

/** The transcript of a training run, inside the model bundle. */
const TRANSCRIPT_FILE = 'transcript.json';

export interface TrainingReplayOptions extends OutputOptions, ChainOptions {
  readonly model: string;
  readonly count: number;
  /** Folder of segment-I.json files that somebody made. */
  readonly segments?: string;
  /** Run folder and data, to make them here. */
  readonly run?: string;
  readonly data?: string;
  readonly with: string;
}

/** Draws segments of a model's training that its publisher could not foresee, and compares them with the transcript. */
export async function replayTraining(io: Io, options: TrainingReplayOptions): Promise<number> {
  const trust = await readTrust(options);
  const { folder, version } = await readModelBundle(options.model);
  const progress = createProgress(io, options.quiet === true);
  const read = attempt(() => parseModelManifest(folder.manifest ?? new Uint8Array(0)));
  if ('reason' in read || version === undefined) {
    const source = `${options.model}/manifest.json`;
    const code = folder.manifest === undefined ? 'model-manifest-missing' : 'model-manifest-malformed';
    const seen = 'reason' in read ? read.reason : 'no manifest';
    return finish(io, options, [makeFinding(code, { seen, source })], []);
  }
  const manifest = read.value;
  const path = join(options.model, TRANSCRIPT_FILE);
  const bytes = await readFile(path).catch(() => undefined);
  const checked = checkTranscript(bytes && new Uint8Array(bytes), manifest, path);
  const answer = await lookUpFacts(io, options, trust, { modelVersion: version });
  const chain = checkChain(answer, trust);
  const registered = checkRegistration({ modelVersion: version }, chain.value);
  const findings: Finding[] = [...chain.findings, registered, ...checked.findings];
  if (checked.value === undefined) return finish(io, options, findings, []);
  const transcript = checked.value;
  const drawn =
    chain.value === undefined
      ? 'the chain cannot be read'
      : await drawSegments(io, options, trust, version, transcript);
  if (typeof drawn === 'string') {
    findings.push(makeFinding('transcript-undrawn', { seen: drawn, source: 'registry: ModelRegistered' }));
    return finish(io, options, findings, []);
  }
  for (const [done, index] of drawn.entries()) {
    progress.advance('segments', done, drawn.length);
    findings.push(await judgeDrawn(io, options, { transcript, manifest, index, progress }));
  }
  progress.end();
  return finish(io, options, findings, drawn);
}

/** Which segments, or why none: the block that registered the model decides, and nobody knew its hash before. */
async function drawSegments(
  io: Io,
  options: TrainingReplayOptions,
  trust: Trust | undefined,
  version: string,
  { head, entries }: Transcript,
): Promise<number[] | string> {
  if (trust === undefined) return 'no registry is pinned';
  const { readRegistration } = await import('../chain/read-registration.ts');
  try {
    const registration = await readRegistration(options.chain, trust, version, io.signal);
    if (registration === undefined) return 'no registration in a final block that all providers agree on';
    return [...drawIndices(registration.blockHash, head, entries.length)].slice(0, options.count);
  } catch (error) {
    if (!(error instanceof RpcRefusal || error instanceof RpcUnreachable)) throw error;
    return messageOf(error);
  }
}

interface Drawn {
  readonly transcript: Transcript;
  readonly manifest: ModelManifest;
  readonly index: number;
  readonly progress: Progress;
}

async function judgeDrawn(
  io: Io,
  options: TrainingReplayOptions,
  { transcript, manifest, index, progress }: Drawn,
): Promise<Finding> {
  const { segments, run, data, with: program } = options;
  if (run !== undefined && data !== undefined) {
    progress.step(`re-running segment ${index} of ${transcript.entries.length}`);
    const rerun: Rerun = { program, run, data };
    const made = await rerunSegment(rerun, index, io.signal);
    return judgeSegment({ transcript, manifest, index, bytes: made.bytes, source: made.source });
  }
  const source =
    segments === undefined ? 'command line: --segments' : join(segments, `segment-${index}.json`);
  const bytes = segments === undefined ? undefined : await readFile(source).catch(() => undefined);
  return judgeSegment({ transcript, manifest, index, bytes: bytes && new Uint8Array(bytes), source });
}

function finish(
  io: Io,
  options: TrainingReplayOptions,
  findings: readonly Finding[],
  drawn: readonly number[],
): Promise<number> {
  const isOwn = options.run !== undefined;
  const which = drawn.length === 0 ? '' : `, segments drawn: ${drawn.join(', ')}`;
  return finishAudit(io, options, {
    command: 'replay',
    subject: `training of ${options.model}${which}`,
    findings,
    notChecked: [
      'the segments that were not drawn: raise --count',
      ...(isOwn ? [] : ['who re-ran the segments: whoever has the transcript can write such a file']),
    ],
    verifiedMeans: `${drawn.length} drawn segments of the training lead to the same weights again.`,
  });
}
