import {
  encodeEntryBundle,
  entryBundlePath,
  hashLeaf,
  sha256,
  tilePath,
  toHex,
  utf8,
} from '../../src/index.ts';
import type { VectorCase, VectorFile } from './case.ts';

function paths(): VectorFile {
  const indexes = [
    0,
    1,
    255,
    256,
    999,
    1_000,
    1_001,
    999_999,
    1_000_000,
    1_234_067,
    123_456_789,
    2 ** 53 - 1,
  ];
  const good = indexes.flatMap((index, i): VectorCase[] => {
    const [level, width] = [i % 4, i % 3 === 0 ? 256 : 1 + ((i * 37) % 255)];
    return [
      {
        name: `tile ${level}/${index}, ${width} wide`,
        valid: true,
        path: tilePath(level, index, width),
        level,
        index,
        width,
      },
      {
        name: `entries ${index}, ${width} wide`,
        valid: true,
        path: entryBundlePath(index, width),
        level: -1,
        index,
        width,
      },
    ];
  });
  const bad = [
    '',
    'tile',
    'tile/0',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/000.p',
    'tile/0/000.p/',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/1000',
    'tile/0/x000/000',
    'tile/0/x000/x000/001',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/x001/x000',
    'tile/0/x01/000',
    'tile/0/X001/000',
    'tile/0/x009/x007/x199/x254/x740/992',
    'tile/entries/000/',
    'tile/entries/0',
    '/tile/0/000',
    'tile//000',
    'tile/0/000\n',
    'tile/0/../000',
    'tile/0/%30%30%30',
    'tile/data/000',
    'tile/0/٠٠٠',
    'tile/0/000.p/1.5',
  ];
  return {
    name: 'tile-paths',
    about: 'C2SP tlog-tiles paths; level -1 stands for entry bundles.',
    cases: [...good, ...bad.map((path) => ({ name: JSON.stringify(path), valid: false, path }))],
  };
}

function entryBundles(): VectorFile {
  const record = (i: number, length: number): Uint8Array => sha256(utf8(`record ${i}`)).slice(0, length);
  const sets = [
    [record(0, 32)],
    [new Uint8Array(0)],
    [record(0, 1), new Uint8Array(0), record(1, 32)],
    Array.from({ length: 256 }, (_, i) => record(i, i % 5)),
    [new Uint8Array(300).fill(7)],
  ];
  const good = sets.map(
    (records, i): VectorCase => ({
      name: `${records.length} records, ${i}`,
      valid: true,
      bytes: toHex(encodeEntryBundle(records)),
      leafHashes: records.map((r) => toHex(hashLeaf(r))),
    }),
  );
  const bytes = good[2]!.bytes as string;
  const torn = [1, 2, 4, 6, 20].map((n) => ({
    name: `torn ${n} bytes early`,
    valid: false,
    bytes: bytes.slice(0, -2 * n),
  }));
  return {
    name: 'entry-bundles',
    about: 'C2SP tlog-tiles entry bundles: each record behind its length, a big-endian uint16.',
    cases: [
      ...good,
      ...torn,
      { name: 'nothing', valid: false, bytes: '' },
      { name: '257 records', valid: false, bytes: '0000'.repeat(257) },
      { name: 'a length beyond the end', valid: false, bytes: 'ffff00' },
    ],
  };
}

export const tileVectors = (): VectorFile[] => [paths(), entryBundles()];
