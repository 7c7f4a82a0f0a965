// Measures the log on this machine, beside published figures of others.
//   node scripts/bench-log.ts [--records 1000000] [--seconds 10]      --records 0 measures HTTP on a fresh log alone
// The service and the load generator are two processes; give them two cores with `taskset -c 0,1`.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  fromHex,
  hashLeaf,
  newNoteVerifier,
  openNote,
  parseCheckpoint,
  verifyInclusion,
} from '@testigo/trail';
import { BATCH_TYPE } from '../src/log/ingest-router.ts';
import { openLog } from '../src/log/open-log.ts';
import { SqliteStore } from '../src/log/sqlite-store.ts';
import { makeRecord, TEST_IDENTITY } from '../src/log/testing.ts';
import { buildRequest, quantile, runClosedLoop, runOpenLoop } from './bench/load.ts';

const { values } = parseArgs({
  options: { records: { type: 'string', default: '1000000' }, seconds: { type: 'string', default: '10' } },
});
const RECORDS = Number(values.records);
const SECONDS = Number(values.seconds);
const say = (line: string) => process.stdout.write(`${line}\n`);
const round = (value: number) => Math.round(value).toLocaleString('en');

const template = Buffer.from(makeRecord('0'.repeat(32)).bytes).toString();
const nextBody = (): Buffer => Buffer.from(template.replace('0'.repeat(32), randomBytes(16).toString('hex')));
const folder = mkdtempSync(join(tmpdir(), 'testigo-bench-'));
const logFolder = join(folder, 'log');

const startServer = async (served: string) => {
  const argv = [fileURLToPath(new URL('./bench/log-server.ts', import.meta.url)), served];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => child.kill('SIGKILL'); // a bench that fails leaves no server behind
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data: Buffer) => resolve(String(data))),
  );
  const stop = () =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
  // utime and stime of proc(5), in hundredths of a second.
  const cpuSeconds = () => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  return { ...(JSON.parse(line) as { port: number; openedMs: number; size: number }), stop, cpuSeconds };
};

const buildSingles = (count: number) =>
  Array.from({ length: count }, () => buildRequest(nextBody(), 'application/json'));
const BATCH = 512;
const buildBatches = (count: number) =>
  Array.from({ length: count }, () => {
    const lines = Array.from({ length: BATCH }, () => nextBody());
    return buildRequest(Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])), BATCH_TYPE);
  });

const countProven = (answers: readonly { readonly body: Buffer }[], bodies: readonly Buffer[]): number => {
  const leafHashes = new Map(
    bodies.map((body) => [/"id":"([0-9a-f]{32})"/.exec(String(body))![1]!, hashLeaf(body)]),
  );
  const verifier = newNoteVerifier(TEST_IDENTITY.verifierKey);
  return answers.filter(({ body }) => {
    const { recordId, proof, checkpoint } = JSON.parse(String(body));
    const { size, root } = parseCheckpoint(openNote(checkpoint, [verifier]).body);
    const hashes = proof.hashes.map((hash: string) => fromHex(hash, 32));
    const leafHash = leafHashes.get(recordId)!;
    return verifyInclusion({ leafHash, index: proof.leafIndex, size, proof: hashes, root });
  }).length;
};

const benchHttp = async (served: string, when: string) => {
  const server = await startServer(served);
  const [singles, batches] = [
    buildSingles(6_000 * SECONDS),
    buildBatches(Math.ceil((25_000 * SECONDS) / BATCH)),
  ];
  // Warm: the first seconds are the compiler's.
  await runClosedLoop(server.port, buildSingles(5_000), 64);
  await runClosedLoop(server.port, buildBatches(60), 6);
  const cpu = [server.cpuSeconds()];
  const singleSeconds = await runClosedLoop(server.port, singles, 512);
  cpu.push(server.cpuSeconds());
  const batchSeconds = await runClosedLoop(server.port, batches, 8);
  cpu.push(server.cpuSeconds());
  const cpuOf = (phase: number, records: number) =>
    (((cpu[phase + 1]! - cpu[phase]!) * 1e6) / records).toFixed(0);
  const bodies = Array.from({ length: 2_000 * SECONDS }, nextBody);
  const paced = await runOpenLoop(
    server.port,
    bodies.map((body) => buildRequest(body, 'application/json')),
    2_000,
  );
  const sample = paced.answers.slice(-300);
  await server.stop();
  say(`\nHTTP, ${when}: durable, deduplicated, proof and signed checkpoint in every answer`);
  say(
    `  one record a request   ${round(singles.length / singleSeconds)} records/s, CPU of the service ${cpuOf(0, singles.length)} us a record    goal 5,000 a second`,
  );
  say(
    `  ${BATCH} records a request  ${round((batches.length * BATCH) / batchSeconds)} records/s, CPU of the service ${cpuOf(1, batches.length * BATCH)} us a record    goal 20,000 a second`,
  );
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((q) => quantile(paced.latenciesMs, q).toFixed(0));
  say(`  at 2,000/s, POST to proof  p50 ${p50} ms, p99 ${p99} ms, p99.9 ${p999} ms    goal p99 250 ms`);
  say(`  ${countProven(sample, bodies)} of ${sample.length} sampled answers verify offline`);
};

const benchGrowth = async () => {
  say('\nCost by size, in process, batches of 512');
  let log = await openLog({
    ...TEST_IDENTITY,
    store: await SqliteStore.open(logFolder),
    options: { batchDelayMs: 0 },
  });
  const appendBatch = () => {
    const records = Array.from({ length: BATCH }, () => {
      const bytes = nextBody();
      return {
        id: bytes.toString('latin1').match(/"id":"([0-9a-f]{32})"/)![1]!,
        bytes,
        modelVersion: 'a'.repeat(64),
      };
    });
    return records;
  };
  for (const target of [1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= RECORDS)) {
    while (log.checkpoint().size < target) await log.appendAll(appendBatch());
    const [batches, timesMs, cpuMs] = [
      Array.from({ length: 40 }, appendBatch),
      [] as number[],
      [] as number[],
    ];
    for (const batch of batches) {
      const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
      await log.appendAll(batch);
      const { user, system } = process.cpuUsage(cpu);
      timesMs.push(performance.now() - startedMs);
      cpuMs.push((user + system) / 1000);
    }
    await log.close();
    const reopenedMs = performance.now();
    log = await openLog({
      ...TEST_IDENTITY,
      store: await SqliteStore.open(logFolder),
      options: { batchDelayMs: 0 },
    });
    const restartMs = performance.now() - reopenedMs;
    const { size } = log.checkpoint();
    const proofMs: number[] = [];
    let proofBytes = 0;
    for (let at = 0; at < 100; at++) {
      const proofStartedMs = performance.now();
      const proof = await log.proveInclusion(Math.floor((size - 1) * (at / 99)));
      proofMs.push(performance.now() - proofStartedMs);
      proofBytes = Math.max(
        proofBytes,
        JSON.stringify(proof.hashes.map((hash) => Buffer.from(hash).toString('hex'))).length,
      );
    }
    const perRecord = (quantile(timesMs, 0.5) * 1000) / BATCH;
    const cpuPerRecord = (quantile(cpuMs, 0.5) * 1000) / BATCH;
    say(
      `  ${round(size).padStart(9)} records: append ${perRecord.toFixed(1)} us a record (CPU ${cpuPerRecord.toFixed(1)}), ` +
        `proof ${proofBytes} bytes of JSON, p50 ${quantile(proofMs, 0.5).toFixed(2)} ms, p99 ${quantile(proofMs, 0.99).toFixed(2)} ms, restart ${restartMs.toFixed(0)} ms`,
    );
  }
  await log.close();
  say(`  ${round(statSync(join(logFolder, 'log.db')).size / 2 ** 20)} MiB on disk`);
};

say(
  `${cpus()[0]?.model}, ${availableParallelism()} cores for this process, load ${loadavg()[0]?.toFixed(1)} at the start, Node ${process.versions.node}`,
);
try {
  await benchHttp(join(folder, 'fresh'), 'fresh log');
  if (RECORDS > 0) {
    await benchGrowth();
    await benchHttp(logFolder, `after ${round(RECORDS)} records`);
  }
  say(
    '\nPublished by others: Tessera POSIX on a small VM 1,587 records/s without and 683 with deduplication, 1.2 and 7.9 s',
  );
  say('mean to integrate; on NVMe with up to 7 cores about 10,000/s, 3.1 s. TesseraCT on 2 vCPU 600/s.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
