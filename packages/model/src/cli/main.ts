#!/usr/bin/env node
import { outliveReaders } from './outlive-readers.ts';
import { runCli } from './program.ts';

outliveReaders(process);
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());
const { stdout, stderr } = process;
process.exitCode = await runCli(process.argv, { stdout, stderr, signal: interrupt.signal });
