import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf } from '../errors.ts';
import { describeFailure } from '../net/describe-failure.ts';
import { readBody } from '../net/read-body.ts';
import { splitCredentials } from '../net/split-credentials.ts';

/** The log answered in a way that says nothing about what it holds. */
export class LogUnreachable extends Error {
  override readonly name = 'LogUnreachable';
}

const ATTEMPTS = 3;
const TIMEOUT_MS = 30_000;
/** An entry bundle is at most 256 records of 64 KiB with their lengths. */
const MAX_BYTES = 256 * (65_535 + 2);

/**
 * A log's C2SP read interface: bytes by path, undefined where the log has no such file. Works over HTTP and on a
 * folder with the same layout. Plain data in, so that a worker thread can make its own.
 */
export class TileSource {
  /** Ends in a slash, so that the name of a file follows it. Without the password that its URL may hold: it is quoted. */
  readonly name: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(base: string) {
    const { bare, headers } = splitCredentials(new URL(base.endsWith('/') ? base : `${base}/`));
    this.name = bare.href;
    this.#headers = headers;
  }

  /** @throws LogUnreachable */
  async read(path: string): Promise<Uint8Array | undefined> {
    const url = new URL(path, this.name);
    if (url.protocol === 'file:') return readFileAt(fileURLToPath(url));
    for (let attempt = 1; ; attempt++) {
      try {
        return await fetchOnce(url, this.#headers);
      } catch (error) {
        if (attempt === ATTEMPTS)
          throw new LogUnreachable(`${path}: ${describeFailure(error)}`, { cause: error });
        await sleep(100 * 4 ** (attempt - 1));
      }
    }
  }
}

const isUrl = (location: string): boolean => /^https?:\/\//.test(location) && URL.canParse(location);

/** The base for a folder or a URL given on the command line. */
export function baseOf(location: string): string {
  return isUrl(location) ? location : pathToFileURL(join(location, '/')).href;
}

/** How a folder or a URL given on the command line is called in what others read. */
export function nameOf(location: string): string {
  return isUrl(location) ? splitCredentials(new URL(location)).bare.href : location;
}

async function readFileAt(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw new LogUnreachable(messageOf(error), { cause: error });
  }
}

async function fetchOnce(
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Uint8Array | undefined> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status === 404 || response.status === 410) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return readBody(response, MAX_BYTES);
}
