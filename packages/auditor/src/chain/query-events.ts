import { OUTCOMES, SUBJECTS } from '@testigo/contracts';
import { logIdOf, toHex } from '@testigo/trail';
import type { BlockRange } from './read-logs.ts';
import {
  bare,
  type DecodedLog,
  prefixed,
  type RegistryEvent,
  type RegistryReader,
} from './registry-reader.ts';

/** What to look for; every filter is an indexed topic, so that the node does the work. */
export interface EventQuery {
  /** Origin of a log, or its id in hex. */
  readonly log?: string;
  readonly model?: string;
  readonly dataset?: string;
  readonly verdict?: keyof typeof OUTCOMES;
  readonly events?: readonly RegistryEvent[];
  /** Where the models of a dataset are looked for from: anchors name models alone. Default: the range's first block. */
  readonly deployedAtBlock?: number;
}

export interface EventRow {
  readonly event: RegistryEvent;
  readonly block: number;
  readonly logIndex: number;
  readonly transaction: string;
  /** UTC, ISO 8601. */
  readonly time: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

export interface Cursor {
  readonly block: number;
  readonly logIndex: number;
}

type Topic = string | null;
type Topics = Readonly<Record<'log' | 'model' | 'dataset' | 'verdict', Topic>>;

/** Topics 1 to 3 of an event for a query; undefined where the event cannot match it. */
const TOPICS: Record<
  RegistryEvent,
  (q: Topics, trainedOnIt: readonly string[]) => readonly (Topic | readonly string[])[] | undefined
> = {
  Anchored: (q, trainedOnIt) => anchoredTopics(q, trainedOnIt),
  DatasetApproved: (q) => only(q, ['dataset'], [q.dataset]),
  DatasetRevoked: (q) => only(q, ['dataset'], [q.dataset]),
  DetectionRecorded: (q) => only(q, ['model', 'dataset'], [null, q.model, q.dataset]),
  LogOpened: (q) => only(q, ['log'], [q.log]),
  ModelRegistered: (q) => only(q, ['model', 'dataset'], [q.model, q.dataset]),
  ModelRevoked: (q) => only(q, ['model', 'dataset'], [q.model, q.dataset]),
  VerdictPublished: (q) => (subjectsOf(q).length > 1 ? undefined : [subjectsOf(q)[0] ?? null, q.verdict]),
};

/** An anchor names models and not their dataset, with which each is registered for good. */
function anchoredTopics(q: Topics, trainedOnIt: readonly string[]) {
  if (q.dataset === null) return only(q, ['log', 'model'], [q.log, q.model]);
  const models = trainedOnIt.filter((model) => q.model === null || q.model === model);
  return models.length > 0 ? only(q, ['log', 'model', 'dataset'], [q.log, models]) : undefined;
}

function only<T>(
  query: Topics,
  allowed: readonly (keyof Topics)[],
  topics: readonly T[],
): readonly T[] | undefined {
  const asked = (Object.keys(query) as (keyof Topics)[]).filter((key) => query[key] !== null);
  return asked.every((key) => allowed.includes(key)) ? topics : undefined;
}

const subjectsOf = ({ log, model, dataset }: Topics): string[] =>
  [log, model, dataset].filter((topic) => topic !== null);

const isHash = (text: string): boolean => /^(0x)?[0-9a-fA-F]{64}$/.test(text);
const word = (n: number): string => `0x${n.toString(16).padStart(64, '0')}`;

function topicsOf(query: EventQuery): Topics {
  const { log, model, dataset, verdict } = query;
  return {
    log: log === undefined ? null : isHash(log) ? prefixed(log) : `0x${toHex(logIdOf(log))}`,
    model: model === undefined ? null : prefixed(model),
    dataset: dataset === undefined ? null : prefixed(dataset),
    verdict: verdict === undefined ? null : word(OUTCOMES[verdict]),
  };
}

/** Whether any event carries all of these filters: where none does, a list of none would say nothing. */
export function isAnswerable(query: EventQuery): boolean {
  const topics = topicsOf(query);
  const wanted = query.events ?? (Object.keys(TOPICS) as RegistryEvent[]);
  return wanted.some((event) => TOPICS[event](topics, [topics.model ?? '']) !== undefined);
}

/** Matching events of every kind, oldest first, from the cursor on. */
export async function* queryEvents(
  reader: RegistryReader,
  query: EventQuery,
  range: BlockRange,
  cursor?: Cursor,
  onPage?: (done: number, total: number) => void,
): AsyncGenerator<EventRow> {
  const topics = topicsOf(query);
  const from = Math.max(range.from, cursor?.block ?? 0);
  const wanted = query.events ?? (Object.keys(TOPICS) as RegistryEvent[]);
  const known = { from: query.deployedAtBlock ?? range.from, to: range.to };
  const trainedOnIt = topics.dataset === null ? [] : await readModelsOf(reader, topics.dataset, known);
  const streams = wanted.flatMap((event) => {
    const indexed = TOPICS[event](topics, trainedOnIt);
    return indexed === undefined
      ? []
      : [{ event, logs: reader.readEvents(event, indexed, { from, to: range.to }, onPage) }];
  });
  const times = new Map<number, number>();
  for await (const { event, log } of mergeByPosition(streams)) {
    if (cursor !== undefined && log.blockNumber === cursor.block && log.logIndex < cursor.logIndex) continue;
    const seconds = times.get(log.blockNumber) ?? (await reader.readBlockTime(log.blockNumber));
    times.set(log.blockNumber, seconds);
    yield describe(event, log, seconds);
  }
}

async function readModelsOf(reader: RegistryReader, dataset: string, range: BlockRange): Promise<string[]> {
  const models: string[] = [];
  for await (const { args } of reader.readEvents('ModelRegistered', [null, dataset], range)) {
    models.push(String(args.modelVersion));
  }
  return models;
}

interface Stream {
  readonly event: RegistryEvent;
  readonly logs: AsyncGenerator<DecodedLog>;
}

async function* mergeByPosition(
  streams: readonly Stream[],
): AsyncGenerator<{ event: RegistryEvent; log: DecodedLog }> {
  const heads = await Promise.all(
    streams.map(async (stream) => ({ ...stream, head: await stream.logs.next() })),
  );
  for (;;) {
    const open = heads.filter(({ head }) => head.done !== true);
    if (open.length === 0) return;
    const first = open.reduce((a, b) =>
      isBefore(a.head.value as DecodedLog, b.head.value as DecodedLog) ? a : b,
    );
    yield { event: first.event, log: first.head.value as DecodedLog };
    first.head = await first.logs.next();
  }
}

const isBefore = (a: DecodedLog, b: DecodedLog): boolean =>
  a.blockNumber === b.blockNumber ? a.logIndex < b.logIndex : a.blockNumber < b.blockNumber;

const nameOf = (table: Readonly<Record<string, number>>, value: unknown): string =>
  Object.entries(table).find(([, n]) => n === Number(value))?.[0] ?? String(value);

function describe(event: RegistryEvent, log: DecodedLog, seconds: number): EventRow {
  const fields = Object.entries(log.args.toObject() as Record<string, unknown>).map(([name, value]) => {
    if (event === 'VerdictPublished' && name === 'outcome') return [name, nameOf(OUTCOMES, value)] as const;
    if (event === 'VerdictPublished' && name === 'kind') return [name, nameOf(SUBJECTS, value)] as const;
    if (typeof value === 'bigint') return [name, Number(value)] as const;
    return [name, isHash(String(value)) ? bare(String(value)) : String(value)] as const;
  });
  return {
    event,
    block: log.blockNumber,
    logIndex: log.logIndex,
    transaction: log.transaction,
    time: new Date(seconds * 1000).toISOString(),
    fields: Object.fromEntries(fields),
  };
}

/** First block at or after a time, by bisection. */
export async function findBlockAt(
  reader: RegistryReader,
  seconds: number,
  range: BlockRange,
): Promise<number> {
  let [low, high] = [range.from, range.to + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await reader.readBlockTime(middle)) < seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}
