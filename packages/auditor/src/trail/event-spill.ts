import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditError, messageOf } from '../errors.ts';
import { drawIdHash } from './id-table.ts';
import { EVENT, EVENT_WORDS } from './ledger-event.ts';

const EVENT_BYTES = EVENT_WORDS * 4;
/** Events held back for one file, so that a write is worth its call. */
const HELD = 1024;

interface Part {
  readonly file: number;
  readonly held: Uint32Array;
  count: number;
}

/**
 * Events put aside in files without a name, to be gone through part by part; all events with one key are in one part.
 * The files vanish with the process, however it ends. Owns them: close it.
 */
export class EventSpill {
  readonly #parts: Part[] = [];
  readonly #hash = drawIdHash();

  /** @throws AuditError `scratch-unwritable` */
  constructor(parts: number) {
    guarded(() => {
      const dir = mkdtempSync(join(tmpdir(), 'testigo-audit-'));
      try {
        for (let part = 0; part < parts; part++) {
          const file = openSync(join(dir, String(part)), 'wx+', 0o600);
          this.#parts.push({ file, held: new Uint32Array(HELD * EVENT_WORDS), count: 0 });
        }
      } finally {
        rmSync(dir, { recursive: true });
      }
    });
  }

  get parts(): number {
    return this.#parts.length;
  }

  /** @throws AuditError `scratch-unwritable` */
  append(event: Uint32Array): void {
    const share = this.#hash(event, EVENT.key) / 2 ** 32;
    const to = this.#parts[Math.floor(share * this.#parts.length)]!;
    to.held.set(event, to.count * EVENT_WORDS);
    to.count += 1;
    if (to.count === HELD) flush(to);
  }

  /** All events of a part in the order in which they came; each array is good until the next is asked for. */
  *read(part: number): Generator<Uint32Array> {
    const from = this.#parts[part]!;
    flush(from);
    const bytes = new Uint8Array(HELD * EVENT_BYTES);
    for (let position = 0; ; ) {
      const read = guarded(() => readFully(from.file, bytes, position));
      if (read === 0) return;
      position += read;
      yield new Uint32Array(bytes.buffer, 0, read / 4);
    }
  }

  close(): void {
    for (const { file } of this.#parts.splice(0)) closeSync(file);
  }
}

function flush(part: Part): void {
  const bytes = new Uint8Array(part.held.buffer, 0, part.count * EVENT_BYTES);
  guarded(() => {
    for (let done = 0; done < bytes.length; ) done += writeSync(part.file, bytes, done);
  });
  part.count = 0;
}

function readFully(file: number, bytes: Uint8Array, position: number): number {
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}

function guarded<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new AuditError(
      'scratch-unwritable',
      `a large log is audited with the help of files in ${tmpdir()}, and they cannot be used: ${messageOf(cause)}`,
      { cause },
    );
  }
}
