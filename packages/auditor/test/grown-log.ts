// Logs that begin as a world's own and go on, signed by its key and anchored in its registry.
import { join } from 'node:path';
import {
  computeRoot,
  formatCheckpoint,
  hashLeaf,
  newLogSigner,
  proveConsistency,
  signNote,
} from '@testigo/trail';
import { writeLog } from './make-log.ts';
import { anchor } from './on-chain.ts';
import { ORIGIN, type World } from './world.ts';

/** Writes the log into a folder of the world and gives its path. */
export function signLog(world: World, name: string, content: readonly Uint8Array[]): string {
  const dir = join(world.dir, name);
  const root = computeRoot(content.map(hashLeaf));
  const body = formatCheckpoint({ origin: ORIGIN, size: content.length, root });
  writeLog(dir, content, signNote(body, newLogSigner({ name: ORIGIN, secretKey: world.logKey.secretKey })));
  return dir;
}

/** Anchors what comes after the world's last anchor; `counts` has its readings by model. */
export async function anchorRest(
  world: World,
  content: readonly Uint8Array[],
  counts: Record<string, number>,
): Promise<void> {
  const leaves = content.map(hashLeaf);
  const proof = proveConsistency(leaves, world.anchors.at(-1)?.size ?? 0);
  await anchor(world.registrar, ORIGIN, { size: leaves.length, root: computeRoot(leaves), proof }, counts);
}
