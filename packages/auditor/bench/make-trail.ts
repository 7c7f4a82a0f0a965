import { join } from 'node:path';
import type { LocalChain } from '@testigo/contracts/testing';
import {
  encodeRecord,
  formatCheckpoint,
  type Hash,
  keyPairOf,
  newLogSigner,
  sha256,
  signNote,
  type TrailRecord,
  utf8,
} from '@testigo/trail';
import { LogFolder } from '../test/make-log.ts';
import { anchor, approveDataset, openLog, openRegistrar, pinsOf, registerModel } from '../test/on-chain.ts';
import { hex, makeSession } from '../test/records.ts';

const ORIGIN = 'log.example/bench';
const PER_SESSION = 50;
const ANCHOR_EVERY = 3840;
const MODEL = hex('model');
const DATASET = hex('dataset');
const COMMITMENT = hex('commitment');

export const sessionIdOf = (session: number): string => hex(`session ${session}`).slice(0, 32);

/** Sessions with an opening, 48 readings and a close each, for ever. */
function* makeSessions(): Generator<TrailRecord> {
  for (let session = 0; ; session++) {
    yield* makeSession({
      modelVersion: MODEL,
      datasetRoot: DATASET,
      datasetSize: 28_709,
      sessionId: sessionIdOf(session),
      openedAt: 1_790_000_000 + session,
      detections: PER_SESSION - 2,
      idOf: (sequence) => hex(`record ${session * PER_SESSION + sequence}`).slice(0, 32),
      commit: () => ({ frame: COMMITMENT, label: COMMITMENT, scores: COMMITMENT, capturedAt: COMMITMENT }),
    });
  }
}

interface Head {
  readonly size: number;
  readonly root: Hash;
  readonly readings: number;
}

/** Writes a log of `size` records to a folder and anchors it on a real chain; gives its trust file. */
export async function makeTrail(
  dir: string,
  size: number,
  chain: LocalChain,
): Promise<{ readonly trust: string; readonly anchors: number }> {
  const log = new LogFolder(dir);
  const heads = appendRecords(log, size);
  const logKey = keyPairOf(sha256(utf8('bench')));
  const signer = newLogSigner({ name: ORIGIN, secretKey: logKey.secretKey });
  log.finish(signNote(formatCheckpoint({ origin: ORIGIN, size, root: log.root }), signer));
  const registrar = await openRegistrar(chain);
  await approveDataset(registrar, { root: DATASET, size: 28_709, manifestDigest: hex('manifest') });
  await registerModel(registrar, MODEL, DATASET);
  await openLog(registrar, ORIGIN, logKey.publicKey);
  let before = 0;
  for (const { size: at, root, readings } of heads) {
    const proof = await log.proveConsistency(before, at);
    await anchor(registrar, ORIGIN, { size: at, root, proof }, { [MODEL]: readings });
    before = at;
  }
  registrar.provider.destroy();
  log.put('trust.json', JSON.stringify(pinsOf(registrar, ORIGIN, logKey.publicKey)));
  return { trust: join(dir, 'trust.json'), anchors: heads.length };
}

function appendRecords(log: LogFolder, size: number): Head[] {
  const heads: Head[] = [];
  let readings = 0;
  let count = 0;
  for (const record of makeSessions()) {
    log.append(encodeRecord(record));
    count += 1;
    if (record.type === 'DETECTION') readings += 1;
    if (count % ANCHOR_EVERY !== 0 && count !== size) continue;
    heads.push({ size: count, root: log.root, readings });
    readings = 0;
    if (count === size) break;
  }
  return heads;
}
