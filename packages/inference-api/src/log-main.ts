#!/usr/bin/env node
// A log without the service around it, for programs on the same machine that encode their own records.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { Command, InvalidArgumentError } from 'commander';
import { createLogApp } from './log/log-app.ts';
import { openServiceLog } from './log-setup.ts';
import { createLogger } from './logging.ts';
import { runProgram } from './run-program.ts';

/** Nobody is asked who they are, so nobody from outside may ask. */
const HOST = '127.0.0.1';
const BATCH_DELAY_MS = 20;

const parsePort = (text: string): number => {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port < 65_536) return port;
  throw new InvalidArgumentError('a port is a number up to 65535');
};

const run = async (options: { readonly data: string; readonly origin: string; readonly port: number }) => {
  const logger = createLogger({ level: 'info', format: 'auto' }, process.stdout.isTTY);
  mkdirSync(options.data, { recursive: true, mode: 0o700 });
  const log = await openServiceLog({
    dataDir: options.data,
    log: { origin: options.origin, batchDelayMs: BATCH_DELAY_MS },
  });
  const app = createLogApp(log, (error) => logger.error({ err: error }, 'request failed'));
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, HOST, resolve);
  }).catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  const { port } = server.address() as { readonly port: number };
  logger.info({ url: { full: `http://${HOST}:${port}` }, log: { origin: log.origin } }, 'listening');
  const shutDown = (signal: NodeJS.Signals): void => {
    server.close(() => {
      void log.close().then(() => {
        process.exitCode = signal === 'SIGINT' ? 130 : 0;
      });
    });
    server.closeIdleConnections();
  };
  process.once('SIGTERM', shutDown).once('SIGINT', shutDown);
};

const program = new Command('testigo-log')
  .description('A durable, append-only log of canonical records over HTTP, on this machine only.')
  .requiredOption('--data <folder>', 'where the log and its key are kept; made if it is missing')
  .requiredOption('--origin <name>', 'the name of the log, such as log.example.org/calls')
  .option('--port <number>', 'where it listens; 0 takes any free port', parsePort, 8081)
  .action(run);

await runProgram(program);
