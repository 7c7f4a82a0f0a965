import { type Command, InvalidArgumentError, Option } from 'commander';
import { readText } from '../files/read-file.ts';
import { FORMATS, type Format } from '../report/format.ts';
import { parseTrustFile, type Trust } from '../trust/trust-file.ts';

export interface OutputOptions {
  readonly format: Format;
  readonly output?: string;
  readonly quiet?: boolean;
}

export interface ChainOptions {
  readonly chain: readonly URL[];
  readonly trust?: string;
}

export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'form of the result').choices([...FORMATS]).default('text'))
    .option('--output <file>', 'write the result to a file instead of stdout')
    .option('--quiet', 'no progress on stderr');
}

export function addChainOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--chain <url>', 'JSON-RPC endpoint; repeat it to have several providers compared')
        .argParser(collectUrls)
        .default([], 'none'),
    )
    .option('--trust <file>', 'trust file: pinned registry, keys of logs and custodians');
}

export function parseUrl(text: string): URL {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new InvalidArgumentError('It is not an http(s) URL.');
  return new URL(text);
}

function collectUrls(text: string, before: readonly URL[]): readonly URL[] {
  const url = parseUrl(text);
  if (before.some(({ href }) => href === url.href))
    throw new InvalidArgumentError(
      'It is given twice, and a provider that agrees with itself shows nothing.',
    );
  return [...before, url];
}

export function parseRecordId(text: string): string {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new InvalidArgumentError('A record id is 32 lowercase hex digits.');
  return text;
}

export function parseHash(text: string): string {
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(text)) throw new InvalidArgumentError('It is not 32 bytes in hex.');
  return text.replace(/^0x/, '').toLowerCase();
}

/** ISO 8601 to whole seconds since 1970. */
export function parseTime(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text) ? Date.parse(text) : Number.NaN;
  const day = text.slice(0, 10);
  // Date.parse takes the 31st of any month, and goes on to the next.
  if (Number.isNaN(ms) || new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day)
    throw new InvalidArgumentError('It is not a time like 2026-11-23 or 2026-11-23T04:00:00Z.');
  return Math.ceil(ms / 1000);
}

export function parseIndex(text: string): number {
  if (!/^(0|[1-9]\d{0,14})$/.test(text)) throw new InvalidArgumentError('It is not an index.');
  return Number(text);
}

export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is not a positive number.');
  return Number(text);
}

/** Timers count milliseconds in 31 bits: a longer pause would be none. */
const MAX_PAUSE_SECONDS = 2_147_483;

export function parsePause(text: string): number {
  const seconds = parseCount(text);
  if (seconds > MAX_PAUSE_SECONDS)
    throw new InvalidArgumentError(`It is more than ${MAX_PAUSE_SECONDS} seconds.`);
  return seconds;
}

/** @throws AuditError `file-unreadable` or `trust-file-invalid` */
export async function readTrust(options: ChainOptions): Promise<Trust | undefined> {
  return options.trust === undefined
    ? undefined
    : parseTrustFile(await readText(options.trust), options.trust);
}
