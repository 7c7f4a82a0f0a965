#!/usr/bin/env node
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { type ApiKeys, createApiKeys } from './auth/api-keys.ts';
import { SCOPES } from './auth/principal.ts';
import { redactConfig } from './config/redact.ts';
import { token as codeSchema } from './config/values.ts';
import { type ApiConfig, ConfigError, loadConfig } from './config.ts';
import { createLogger } from './logging.ts';
import { runProgram, writeOut } from './run-program.ts';
import { startApi } from './start-api.ts';
import type { Database } from './state/database.ts';
import { withPostgresState } from './state/postgres-tool.ts';
import { openSqliteState } from './state/sqlite-database.ts';

const run = async (options: { readonly config?: string; readonly printConfig?: boolean }): Promise<void> => {
  const config = loadConfig(options.config ?? process.env.TESTIGO_CONFIG, process.env);
  if (options.printConfig) {
    process.stdout.write(`${JSON.stringify(redactConfig(config), null, 2)}\n`);
    return;
  }
  const logger = createLogger(config.logging, process.stdout.isTTY);
  const api = await startApi(config, { logger });
  const shutDown = (signal: NodeJS.Signals): void => {
    logger.info({ event: { reason: signal } }, 'shutting down');
    void api.close().then(() => {
      process.exitCode = signal === 'SIGINT' ? 130 : 0;
    });
  };
  process.once('SIGTERM', shutDown).once('SIGINT', shutDown);
};

/** Opens the tables of the service beside it. */
const withState = async <T>(config: ApiConfig, use: (db: Database) => Promise<T>): Promise<T> => {
  if (config.store !== 'sqlite') return withPostgresState(config.store, use);
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const db = openSqliteState(join(config.dataDir, 'state.sqlite'));
  try {
    return await use(db);
  } finally {
    await db.close();
  }
};

type KeyOptions = { readonly name: string; readonly scopes: string; readonly deployer?: string };

/** The same form as POST /v1/keys takes: sessions carry the deployer into their records. @throws ConfigError */
const checkCode = (option: string, text: string): void => {
  const problem = codeSchema.safeParse(text).error?.issues[0]?.message;
  if (problem !== undefined) throw new ConfigError([`${option}: ${problem}`]);
};

const createKey = async (options: KeyOptions, command: Command): Promise<void> => {
  const config = loadConfig(
    command.optsWithGlobals<{ config?: string }>().config ?? process.env.TESTIGO_CONFIG,
    process.env,
  );
  const wanted = options.scopes.split(',');
  const unknown = wanted.filter((scope) => !(SCOPES as readonly string[]).includes(scope));
  if (unknown.length > 0)
    throw new ConfigError(unknown.map((scope) => `--scopes: there is no scope ${scope}`));
  const scopes = SCOPES.filter((scope) => wanted.includes(scope));
  checkCode('--name', options.name);
  if (options.deployer !== undefined) checkCode('--deployer', options.deployer);
  const withKeys = <T>(use: (keys: ApiKeys) => Promise<T>): Promise<T> =>
    withState(config, (db) => use(createApiKeys(db, Date.now)));
  const { key, token } = await withKeys((keys) =>
    keys.create({ name: options.name, scopes, deployer: options.deployer }),
  );
  try {
    await writeOut(`${token}\n`);
  } catch (cause) {
    // Nobody has it, or somebody has half of it.
    await withKeys((keys) => keys.revoke(key.id));
    throw new Error('the token could not be written, so the key is revoked: make another', { cause });
  }
};

const program = new Command('testigo-api')
  .description('Emotion readings on fraud-detection video calls, each one a provable record.')
  .option('--config <file>', 'JSON configuration; TESTIGO_SERVER__PORT=9000 and the like override it')
  .option('--print-config', 'print the configuration in effect, secrets redacted, and exit')
  .action(run);

program
  .command('create-key')
  .description('Makes an API key in the store and prints its token once. Works beside a running service.')
  .requiredOption('--name <code>', 'what the key is for')
  .requiredOption('--scopes <list>', `some of ${SCOPES.join(',')}`)
  .option('--deployer <code>', "limits the key to this deployer's sessions")
  .action(createKey);

await runProgram(program);
