// C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): three lines, then optional extension lines.
import { equalBytes, fromBase64, toBase64, utf8 } from '../encoding/text.ts';
import { TrailError } from '../errors.ts';
import { EMPTY_ROOT, HASH_BYTES, type Hash, sha256 } from './hashing.ts';
import { isKeyName } from './key-name.ts';

export interface Checkpoint {
  /** Unique name of the log, a schema-less URL. */
  readonly origin: string;
  /** Number of records. */
  readonly size: number;
  readonly root: Hash;
}

function checkRoot(size: number, root: Hash): void {
  if (root.length !== HASH_BYTES)
    throw new TrailError('bad-checkpoint', `The root has ${root.length} bytes.`);
  if (size === 0 && !equalBytes(root, EMPTY_ROOT))
    throw new TrailError('bad-checkpoint', 'An empty log has the root SHA-256("").');
}

/**
 * The body to sign. The origin doubles as the signer's key name, so it follows the rules for one.
 * @throws TrailError `bad-checkpoint`
 */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isKeyName(origin))
    throw new TrailError(
      'bad-checkpoint',
      'The origin is empty or has spaces, control characters or a plus.',
    );
  if (!Number.isSafeInteger(size) || size < 0)
    throw new TrailError('bad-checkpoint', `Size ${size} is not a log size.`);
  checkRoot(size, root);
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Reads a checkpoint body (without its signatures). @throws TrailError `bad-checkpoint` */
export function parseCheckpoint(body: string): Checkpoint {
  const [origin = '', sizeText = '', rootText = '', ...rest] = body.split('\n');
  // tlog-checkpoint: no line is empty, so only the split after the last newline gives ''.
  if (origin === '' || rest.length === 0 || rest.indexOf('') !== rest.length - 1)
    throw new TrailError('bad-checkpoint', 'It has fewer than three lines, or an empty one.');
  // "0" or no leading zero: one size has one spelling.
  if (!/^(?:0|[1-9]\d{0,15})$/.test(sizeText) || !Number.isSafeInteger(Number(sizeText)))
    throw new TrailError('bad-checkpoint', 'The size is not a decimal number.');
  let root: Hash;
  try {
    root = fromBase64(rootText);
  } catch (cause) {
    throw new TrailError('bad-checkpoint', 'The root is not base64.', { cause });
  }
  checkRoot(Number(sizeText), root);
  return { origin, size: Number(sizeText), root };
}

/** The registry's name for a log: SHA-256 of its origin. */
export const logIdOf = (origin: string): Hash => sha256(utf8(origin));
