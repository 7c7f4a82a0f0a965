import { logIdOf, toHex } from '@testigo/trail';
import { post } from '../support/http.ts';
import { emptyPicture } from '../support/pictures.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { sessionTerms } from '../support/sessions.ts';
import type { Ground } from '../support/world.ts';
import { type Fleet, ORIGIN, startFleet } from './fleet.ts';
import { judge, judgeAnchor, readLog } from './judge.ts';
import { type Acknowledged, type Load, startLoad } from './load.ts';

export const HARMS = ['kill', 'pause'] as const;
/** `kill` ends the writer with SIGKILL; `pause` stops it past its lease and lets it go on after another took over. */
export type Harm = (typeof HARMS)[number];

export type Outcome = {
  readonly breaches: readonly string[];
  readonly acknowledged: number;
  readonly anchored: number;
  readonly refused: ReadonlyMap<string, number>;
  /** From each harm to the first acknowledgement of a request that was sent after it, in milliseconds. */
  readonly silencesMs: readonly number[];
};

export type CampaignParts = {
  readonly database: TestDatabase;
  readonly ground: Ground;
  readonly harms: readonly Harm[];
  readonly random: () => number;
  readonly onHarm?: (done: number, breaches: number) => void;
};

const REPLICAS = 3;
const CLIENTS = 2;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How long after `fromMs` the next acknowledgement came. */
const firstAfter = async (load: Load, fromMs: number): Promise<number> => {
  for (;;) {
    const next = load.acknowledged.find(({ atMs }) => atMs > fromMs);
    if (next) return next.atMs - fromMs;
    await sleep(10);
  }
};

const killWriter = async (fleet: Fleet, writer: number, load: Load): Promise<number> => {
  await fleet.kill(writer);
  const silenceMs = await firstAfter(load, performance.now());
  await fleet.restart(writer);
  return silenceMs;
};

/**
 * A request is sent straight to the paused writer, and waits in its socket: once it goes on, it finds work to do in a
 * term that is over. Whatever it answers must not be a record that the log does not have.
 */
const pauseWriter = async (
  fleet: Fleet,
  writer: number,
  load: Load,
  late: Acknowledged[],
): Promise<number> => {
  fleet.pause(writer);
  const pausedMs = performance.now();
  const waiting = Array.from({ length: 3 }, () => post(`${fleet.urls[writer]}/v1/sessions`, sessionTerms()));
  await fleet.waitForWriter([writer]);
  const silenceMs = await firstAfter(load, pausedMs);
  fleet.resume(writer);
  for (const answer of await Promise.allSettled(waiting)) {
    if (answer.status === 'fulfilled' && typeof answer.value.body.recordId === 'string')
      late.push({ ...(answer.value.body as unknown as Acknowledged), atMs: performance.now() });
  }
  return silenceMs;
};

/** Harms the writer again and again while clients go on, and checks after each time that the log kept its promises. */
export const runCampaign = async (parts: CampaignParts): Promise<Outcome> => {
  const { database, ground, harms, random } = parts;
  const fleet = await startFleet(REPLICAS, database.url, ground);
  const late: Acknowledged[] = [];
  const breaches: string[] = [];
  const silencesMs: number[] = [];
  const logId = toHex(logIdOf(ORIGIN));
  const load = startLoad(fleet.urls, CLIENTS, await emptyPicture(96, 96), random);
  try {
    for (const [at, harm] of harms.entries()) {
      const writer = await fleet.waitForWriter([]);
      await sleep(300 + Math.floor(random() * 1_200));
      const cause =
        harm === 'kill' ? killWriter(fleet, writer, load) : pauseWriter(fleet, writer, load, late);
      silencesMs.push(await cause);
      const acknowledged = [...load.acknowledged, ...late];
      for (const url of fleet.urls) {
        const log = await readLog(url);
        const found = [
          ...judge(
            log,
            acknowledged.filter(({ leafIndex }) => leafIndex < log.size),
          ),
          ...(await judgeAnchor(log, ground, logId)),
        ];
        breaches.push(...found.map((breach) => `${harm} ${at + 1}, at ${url}: ${breach}`));
      }
      parts.onHarm?.(at + 1, breaches.length);
    }
    await load.stop();
    const anchored = Number((await ground.registry.headOf(`0x${logId}`)).size);
    const log = await readLog(fleet.urls[await fleet.waitForWriter([])]!);
    breaches.push(...judge(log, [...load.acknowledged, ...late]), ...(await judgeAnchor(log, ground, logId)));
    if (log.size < anchored) breaches.push(`${anchored} records are anchored and the log has ${log.size}`);
    const acknowledged = load.acknowledged.length + late.length;
    return { breaches, acknowledged, anchored, refused: load.refused, silencesMs };
  } finally {
    await fleet.stop();
  }
};
