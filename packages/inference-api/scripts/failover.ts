// Harms the writer among three replicas over one PostgreSQL database, again and again, while two clients go on:
//   node ../../scripts/with-postgres.mjs node scripts/failover.ts [kills] [pauses]
// A kill is SIGKILL; a pause is SIGSTOP past the lease, and SIGCONT once another replica writes. Ends with 1 unless
// nothing acknowledged was lost or doubled, every session's sequence has no gap, and every checkpoint anybody was
// given is a moment of one log, which the registry's head is too.
import { type Harm, runCampaign } from '../test/failover/campaign.ts';
import { createTestDatabase, postgresUrl } from '../test/support/postgres.ts';
import { prepareGround } from '../test/support/world.ts';

const [kills = 30, pauses = 10] = process.argv.slice(2).map(Number);
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

if (postgresUrl === undefined)
  throw new Error('POSTGRES_TEST_URL is not set: run this with scripts/with-postgres.mjs.');
const harms = Array.from(
  { length: kills + pauses },
  (_, at): Harm =>
    // Spread evenly.
    Math.floor(((at + 1) * pauses) / (kills + pauses)) > Math.floor((at * pauses) / (kills + pauses))
      ? 'pause'
      : 'kill',
);
const [database, ground] = await Promise.all([createTestDatabase(), prepareGround()]);
const startedAt = performance.now();
try {
  const { breaches, acknowledged, anchored, refused, silencesMs } = await runCampaign({
    database,
    ground,
    harms,
    random: Math.random,
    onHarm: (done, found) => {
      if (done % 5 === 0) say(`${done} of ${harms.length}, ${found} breaches`);
    },
  });
  const timesOf = (harm: Harm): number[] =>
    silencesMs.filter((_, at) => harms[at] === harm).sort((a, b) => a - b);
  for (const harm of ['kill', 'pause'] as const) {
    const times = timesOf(harm);
    if (times.length === 0) continue;
    const [median, worst] = [times[Math.floor(times.length / 2)]!, times.at(-1)!];
    say(
      `${harm}: ${times.length}, next acknowledgement after ${median.toFixed(0)} ms (median), ${worst.toFixed(0)} ms (worst)`,
    );
  }
  say(`not acknowledged at first, and sent again: ${JSON.stringify(Object.fromEntries(refused))}`);
  for (const breach of breaches.slice(0, 20)) say(`BREACH ${breach}`);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  say(
    `${acknowledged} records acknowledged, ${anchored} anchored, ${breaches.length} breaches, ${seconds} s`,
  );
  process.exitCode = breaches.length === 0 ? 0 : 1;
} finally {
  await database.drop();
  await ground.stop();
}
