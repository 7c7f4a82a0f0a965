#!/usr/bin/env node
import { Command } from 'commander';
import { ConfigError, loadConfig, redactConfig } from './config.ts';
import { createLogger } from './logging.ts';
import { startApi } from './start-api.ts';

const USAGE_ERROR = 2;

const run = async (options: { readonly config?: string; readonly printConfig?: boolean }): Promise<void> => {
  const config = loadConfig(options.config ?? process.env.TESTIGO_CONFIG, process.env);
  if (options.printConfig) {
    process.stdout.write(`${JSON.stringify(redactConfig(config), null, 2)}\n`);
    return;
  }
  const logger = createLogger(config.logging, process.stdout.isTTY);
  const api = await startApi(config, { logger });
  const shutDown = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'shutting down');
    void api.close().then(() => {
      process.exitCode = signal === 'SIGINT' ? 130 : 0;
    });
  };
  process.once('SIGTERM', shutDown).once('SIGINT', shutDown);
};

const program = new Command('testigo-api')
  .description('Emotion readings on fraud-detection video calls, each one a provable record.')
  .option('--config <file>', 'JSON configuration; TESTIGO_SERVER__PORT=9000 and the like override it')
  .option('--print-config', 'print the configuration in effect, secrets redacted, and exit')
  .action(run);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`testigo-api: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? USAGE_ERROR : 1;
});
