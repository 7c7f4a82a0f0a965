import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LocalChain } from '@testigo/contracts/testing';
import {
  appendToRange,
  type CompactRange,
  emptyRange,
  encodeEntryBundle,
  encodeRecord,
  entryBundlePath,
  formatCheckpoint,
  hashLeaf,
  keyPairOf,
  newLogSigner,
  proveConsistencyFrom,
  rootOfRange,
  sha256,
  signNote,
  type TrailRecord,
  tilePath,
  toHex,
  utf8,
} from '@testigo/trail';
import { anchor, approveDataset, openLog, openRegistrar, pinsOf, registerModel } from '../test/on-chain.ts';

const ORIGIN = 'log.example/bench';
const PER_SESSION = 50;
const ANCHOR_EVERY = 3840;
const digest = (text: string) => toHex(sha256(utf8(text)));
const id = (n: number) => toHex(sha256(utf8(`id ${n}`))).slice(0, 32);
const MODEL = digest('model');
const DATASET = digest('dataset');

/** Record n of a log of sessions with an opening, 48 readings and a close each. */
function makeRecord(n: number): TrailRecord {
  const session = Math.floor(n / PER_SESSION);
  const sequence = n % PER_SESSION;
  const head = {
    version: 1,
    id: id(n),
    time: 1_790_000_000 + session,
    sessionId: id(-1 - session),
    sequence,
  } as const;
  if (sequence === 0) {
    const { purpose, legalBasis } = { purpose: 'fraud-detection', legalBasis: 'consent' };
    return {
      type: 'SESSION_OPEN',
      ...head,
      purpose,
      legalBasis,
      deployer: 'bank-1',
      notice: 'notice-1',
      roles: ['customer'],
      modelVersion: MODEL,
      policy: 'policy-1',
    };
  }
  if (sequence === PER_SESSION - 1) {
    const counts = { detections: PER_SESSION - 2, refusals: 0, reviews: 0, overrides: 0 };
    return { type: 'SESSION_CLOSE', ...head, openedAt: head.time, reason: 'ended', counts };
  }
  const c = digest(`commitment ${n}`);
  return {
    type: 'DETECTION',
    ...head,
    modelVersion: MODEL,
    datasetRoot: DATASET,
    datasetSize: 28_709,
    preprocessing: digest('preprocessing'),
    policy: 'policy-1',
    subjectRole: 'customer',
    notice: 'notice-1',
    noticeShownAt: 1_789_999_000,
    purpose: 'fraud-detection',
    build: digest('build'),
    commitments: { frame: c, label: c, scores: c, capturedAt: c },
  };
}

/** Writes a log of `size` records to a folder and anchors it on a real chain; returns its trust file. */
export async function makeTrail(dir: string, size: number, chain: LocalChain): Promise<string> {
  const put = (path: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  };
  const levels: Uint8Array[][] = [];
  let range: CompactRange = emptyRange();
  const roots = new Map<number, Uint8Array>();
  const counts = new Map<number, number>();
  let bundle: Uint8Array[] = [];
  let readings = 0;
  for (let n = 0; n < size; n++) {
    const record = makeRecord(n);
    const bytes = encodeRecord(record);
    if (record.type === 'DETECTION') readings += 1;
    range = appendToRange(range, hashLeaf(bytes), (level, _, hash) => {
      levels[level] ??= [];
      levels[level].push(hash);
    });
    bundle.push(bytes);
    if (bundle.length === 256 || n === size - 1) {
      put(entryBundlePath(Math.floor(n / 256), bundle.length), encodeEntryBundle(bundle));
      bundle = [];
    }
    if ((n + 1) % ANCHOR_EVERY === 0 || n === size - 1) {
      roots.set(n + 1, rootOfRange(range));
      counts.set(n + 1, readings);
      readings = 0;
    }
  }
  for (let level = 0; level < levels.length; level += 8) {
    const nodes = levels[level]!;
    for (let i = 0; i * 256 < nodes.length; i++) {
      const part = nodes.slice(i * 256, (i + 1) * 256);
      put(tilePath(level / 8, i, part.length), Buffer.concat(part));
    }
  }
  const logKey = keyPairOf(sha256(utf8('bench')));
  const signer = newLogSigner({ name: ORIGIN, secretKey: logKey.secretKey });
  put('checkpoint', signNote(formatCheckpoint({ origin: ORIGIN, size, root: rootOfRange(range) }), signer));

  const registrar = await openRegistrar(chain);
  await approveDataset(registrar, { root: DATASET, size: 28_709, manifestDigest: digest('manifest') });
  await registerModel(registrar, MODEL, DATASET);
  await openLog(registrar, ORIGIN, logKey.publicKey);
  let before = 0;
  for (const [at, root] of roots) {
    const proof = await proveConsistencyFrom((level, index) => levels[level]![index]!, before, at);
    await anchor(registrar, ORIGIN, { size: at, root, proof }, { [MODEL]: counts.get(at)! });
    before = at;
  }
  registrar.provider.destroy();
  const trust = pinsOf(registrar, ORIGIN, logKey.publicKey);
  put('trust.json', JSON.stringify(trust));
  return join(dir, 'trust.json');
}
