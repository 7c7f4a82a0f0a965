import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CanonicalValue, encodeCanonical } from '@testigo/trail';
import { type BackendName, chooseBackend } from '../backend/choose-backend.ts';
import { fromTfjs } from '../bundle/from-tfjs.ts';
import { encodeWeights } from '../bundle/weights.ts';
import { selectRows } from '../data/face-set.ts';
import { loadFaces } from '../data/load-faces.ts';
import { replaceFile } from '../durable-file.ts';
import { ModelError } from '../errors.ts';
import { setWeights } from '../network/build.ts';
import { RunFolder } from '../runs/run-folder.ts';
import { loadState } from '../runs/state-store.ts';
import { replaySegment, startOf } from '../training/replay.ts';
import { openEngine } from '../training/train.ts';
import { decodeTranscript, hashConfig, hashData, type TranscriptFile } from '../training/transcript.ts';
import type { CommandContext } from './context.ts';
import { pickRows, prepareNetwork, type RunSettings } from './run-settings.ts';
import { prepareTeachers } from './teachers.ts';

export type SegmentRequest = {
  readonly run: string;
  readonly data: string;
  readonly segment: number;
  readonly backend?: BackendName;
  readonly out: string;
};

/** The transcript of a finished run. @throws ModelError run-unreadable */
export const readTranscript = (run: string): TranscriptFile => {
  const path = join(run, 'transcript.json');
  if (!existsSync(path))
    throw new ModelError('run-unreadable', {
      path,
      seen: 'it is not there: the run did not come to its end',
    });
  try {
    return decodeTranscript(readFileSync(path));
  } catch (cause) {
    const seen = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError('run-unreadable', { path, seen }, { cause });
  }
};

const backendOf = ({ backend }: { readonly backend: string }): BackendName =>
  backend.split(':')[0] as BackendName;

/** `testigo-model transcript --segment`: re-runs one segment of a stored run and writes what came of it. */
export const runSegment = async (request: SegmentRequest, context: CommandContext): Promise<void> => {
  const folder = RunFolder.open(request.run);
  const transcript = readTranscript(request.run);
  const { segment } = request;
  const count = transcript.entries.length;
  if (segment >= count) throw new ModelError('segment-missing', { path: request.run, segment, count });
  const settings = folder.config.config as RunSettings;
  const { training: config, network: spec } = settings;
  const set = await loadFaces(request.data);
  const { pixels: images, labels } = selectRows(set, pickRows(set, settings.limit, config.seed));
  const backend = await chooseBackend({
    only: request.backend ?? backendOf(folder.config),
    print: (line) => context.stderr.write(`${line}\n`),
  });
  const network = prepareNetwork(settings);
  const resume = loadState(folder.states, startOf(transcript, segment));
  const steps = `${resume?.engine.steps ?? 0} to ${transcript.entries[segment]!.step}`;
  context.stderr.write(`re-running segment ${segment} of 0 to ${count - 1}: steps ${steps}\n`);
  const teachers = prepareTeachers(settings).map((teacher) => teacher.network);
  const engine = await openEngine(network, { images, labels }, config, teachers);
  const replayed = await replaySegment(
    { ...{ images, labels, spec, engine, config, signal: context.signal }, ...(resume ? { resume } : {}) },
    { segment, count },
  );
  const { weights, ...hashes } = replayed;
  if (weights) setWeights(network, weights);
  const weightsFile = weights
    ? encodeWeights((await fromTfjs(network.model)).weights, settings.precision).bytes
    : undefined;
  engine.dispose();
  const file = {
    type: 'testigo.transcript-segment',
    version: 1,
    segment,
    transcript: transcript.entries.at(-1)!.head,
    config: hashConfig(spec, config),
    data: hashData(images, labels),
    backend: backend.name,
    ...hashes,
    ...(weightsFile ? { weightsFile: createHash('sha256').update(weightsFile).digest('hex') } : {}),
  };
  replaceFile(request.out, encodeCanonical(file as CanonicalValue));
  const isSame = hashes.to.head === transcript.entries[segment]!.head;
  context.stdout.write(
    `${request.out}: entry ${segment} at step ${hashes.to.step} ${isSame ? 'came out the same' : 'DIFFERS'}\n`,
  );
};
