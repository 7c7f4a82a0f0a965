import {
  type EvidenceBundle,
  type Finding,
  fromHex,
  hashLeaf,
  parseRecord,
  proveInclusionFrom,
  type RecordOf,
  verifyInclusion,
} from '@testigo/trail';
import type { AnchorFact } from '../chain/facts.ts';
import { messageOf } from '../errors.ts';
import { makeFinding } from '../findings/table.ts';
import { readNodesFrom, readRecordAt } from '../log/tile-proofs.ts';
import type { TileSource } from '../trail/tile-source.ts';
import { attempt } from '../verify/checked.ts';
import { drawIndices } from './draw.ts';
import { type Endpoint, infer } from './infer.ts';
import { INPUT_BYTES, judgeReplay, openScores } from './judge-replay.ts';

export interface ReplayOptions {
  readonly source: TileSource;
  readonly servedSize: number;
  readonly anchor: AnchorFact;
  readonly count: number;
  readonly tolerancePpm: number;
  readonly endpoint: Endpoint | undefined;
  /** What the operator disclosed for a record: its bundle and the model's input. */
  readonly readDisclosed: (
    id: string,
  ) => Promise<{ readonly bundle?: EvidenceBundle; readonly input?: Uint8Array; readonly source: string }>;
  readonly onProgress: (done: number, total: number) => void;
}

/** Tries at most so many indices for each detection wanted, since not every record is one. */
const TRIES_PER_DRAW = 64;

/** Draws detections that nobody could foresee, and has the model read them again. @throws LogUnreachable */
export async function runReplay(
  options: ReplayOptions,
): Promise<{ findings: Finding[]; drawn: { index: number; id: string }[] }> {
  const { anchor, count } = options;
  const findings: Finding[] = [];
  const drawn: { index: number; id: string }[] = [];
  let tries = 0;
  for (const index of drawIndices(anchor.blockHash, anchor.root, anchor.size)) {
    if (drawn.length === count || tries === count * TRIES_PER_DRAW) break;
    tries += 1;
    const bytes = await readRecordAt(options.source, options.servedSize, index);
    const unproven = await proveRecord(options, index, bytes);
    if (unproven !== undefined) {
      findings.push(unproven);
      continue;
    }
    const read = attempt(() => parseRecord(bytes));
    if ('reason' in read) {
      const at = `${options.source.name}, index ${index}`;
      findings.push(makeFinding('record-malformed', { seen: read.reason, source: at }));
      continue;
    }
    const record = read.value;
    if (record.type !== 'DETECTION') continue;
    drawn.push({ index, id: record.id });
    findings.push(await replayOne(options, record, bytes));
    options.onProgress(drawn.length, count);
  }
  const source = options.source.name;
  if (drawn.length === 0) {
    findings.push(
      makeFinding('replay-nothing-drawn', { seen: `${tries} records without a detection`, source }),
    );
  } else if (drawn.length < count && tries < anchor.size) {
    // Not all there are, as it would be had every record been drawn: the log may have been padded against the draw.
    const seen = `${drawn.length} in ${tries} records of ${anchor.size}`;
    findings.push(makeFinding('replay-too-few', { expected: `${count} detections`, seen, source }));
  }
  return { findings, drawn };
}

async function proveRecord(
  { source, servedSize, anchor }: ReplayOptions,
  index: number,
  bytes: Uint8Array,
): Promise<Finding | undefined> {
  const proof = await proveInclusionFrom(readNodesFrom(source, servedSize), index, anchor.size);
  const claim = { leafHash: hashLeaf(bytes), index, size: anchor.size, proof, root: fromHex(anchor.root) };
  if (verifyInclusion(claim)) return undefined;
  const expected = `a record under the anchored root ${anchor.root}`;
  return makeFinding('replay-record-unproven', {
    expected,
    seen: 'another root',
    source: `${source.name}, index ${index}`,
  });
}

async function replayOne(
  options: ReplayOptions,
  record: RecordOf<'DETECTION'>,
  bytes: Uint8Array,
): Promise<Finding> {
  const { bundle, input, source } = await options.readDisclosed(record.id);
  const expected = `evidence bundle and model input of record ${record.id}`;
  if (bundle === undefined || input === undefined) {
    const seen = bundle === undefined ? 'no bundle' : 'no model input';
    return makeFinding('replay-disclosure-missing', { expected, seen, source });
  }
  const opened = openScores(record, bytes, bundle, source);
  if ('finding' in opened) return opened.finding;
  if (input.length !== INPUT_BYTES) {
    return makeFinding('replay-input-malformed', {
      expected: `${INPUT_BYTES} bytes`,
      seen: `${input.length} bytes`,
      source,
    });
  }
  if (options.endpoint === undefined)
    return makeFinding('replay-endpoint-unreachable', { expected: '--endpoint URL', source: 'command line' });
  try {
    const again = await infer(options.endpoint, input);
    return judgeReplay(record, opened.scoresPpm, again, options.tolerancePpm, options.endpoint.url.host);
  } catch (error) {
    return makeFinding('replay-endpoint-unreachable', {
      seen: messageOf(error),
      source: options.endpoint.url.host,
    });
  }
}
