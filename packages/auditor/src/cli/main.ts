#!/usr/bin/env node
import module from 'node:module';

// Only the launcher checks the version, and whoever calls this file has passed it by. Not 1, which says "failed".
if (module.enableCompileCache === undefined) {
  process.stderr.write(
    `testigo-audit: this is Node ${process.versions.node}, and Node 22.18 or newer is needed. [usage]\n`,
  );
  process.exit(2);
}

// An auditor's scripts start this program thousands of times; compiled code survives between starts.
module.enableCompileCache();
const { runCli } = await import('./run-cli.ts');

const interruption = new AbortController();
process.once('SIGINT', () => {
  interruption.abort();
  // 128 + SIGINT, as shells expect; an interrupted audit has no outcome.
  process.exit(130);
});

// Whoever writes is told of its failure; as an event it would end the process with 1, which says "failed".
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('uncaughtException', async (error) => {
  const { describeError } = await import('./describe-error.ts');
  process.stderr.write(`testigo-audit: ${describeError(error)}\n`);
  process.exit(3);
});

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  now: () => new Date(),
  signal: interruption.signal,
});
