#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// An auditor's scripts start this program thousands of times; compiled code survives between starts.
enableCompileCache();
const { runCli } = await import('./run-cli.ts');

const interruption = new AbortController();
process.once('SIGINT', () => {
  interruption.abort();
  // 128 + SIGINT, as shells expect; an interrupted audit has no outcome.
  process.exit(130);
});

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  now: () => new Date(),
  signal: interruption.signal,
});
