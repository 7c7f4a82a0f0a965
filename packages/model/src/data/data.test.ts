import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { ModelError, type ModelErrorCode } from '../errors.ts';
import { PIXEL_COUNT } from '../labels.ts';
import { groupCopies } from './copies.ts';
import { countLabels, pixelsOf, rowsOfSplit, splitsIn } from './face-set.ts';
import { loadFaces } from './load-faces.ts';

const folder = mkdtempSync(join(tmpdir(), 'testigo-data-'));
const face = (seed: number): number[] =>
  Array.from({ length: PIXEL_COUNT }, (_, i) => (i * 7 + seed * 31) % 256);
const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const failure = async (path: string): Promise<ModelError> => {
  const error = await loadFaces(path).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof ModelError)) throw new Error(`no ModelError but ${error}`);
  return error;
};

describe("FER-2013's CSV forms", () => {
  const pixels = [face(1), face(2), face(3)].map((values) => values.join(' '));
  const forms = {
    'fer2013.csv': `emotion,pixels,Usage\n3,${pixels[0]},Training\n0,${pixels[1]},PublicTest\n6,${pixels[2]},PrivateTest\n`,
    'icml_face_data.csv': `emotion, Usage, pixels\n3,Training,${pixels[0]}\n0,PublicTest,${pixels[1]}\n6,PrivateTest,${pixels[2]}\n`,
    'train.csv': `emotion,pixels\r\n3,"${pixels[0]}"\r\n0,"${pixels[1]}"\r\n6,"${pixels[2]}"\r\n`,
    'test.csv': `pixels\r\n"${pixels[0]}"\r\n"${pixels[1]}"\r\n"${pixels[2]}"\r\n`,
  };
  it.each(Object.entries(forms))('reads %s', async (name, text) => {
    const set = await loadFaces(write(name, text));
    expect(set.count).toBe(3);
    expect([...pixelsOf(set, 1)]).toEqual(face(2));
    expect([...set.labels]).toEqual(name === 'test.csv' ? [255, 255, 255] : [3, 0, 6]);
    expect([...set.splits]).toEqual(
      name === 'test.csv' ? [1, 1, 1] : name === 'train.csv' ? [0, 0, 0] : [0, 1, 2],
    );
  });

  it('reads a file with a byte order mark, class names and no last line end', async () => {
    const set = await loadFaces(write('bom.csv', `\ufeffemotion,pixels,Usage\nHappy,${pixels[0]},Training`));
    expect([...set.labels]).toEqual([3]);
  });

  const header = 'emotion,pixels,Usage\n';
  const good = `3,${pixels[0]},Training\n`;
  const short = face(4).slice(1).join(' ');
  const faults: [string, string, ModelErrorCode, Record<string, unknown>][] = [
    [
      'too few pixels',
      `${header}${good}0,${short},Training\n`,
      'row-pixel-count',
      { row: 2, line: 3, seen: 2303 },
    ],
    ['too many pixels', `${header}0,${pixels[0]} 9,Training\n`, 'row-pixel-count', { row: 1, seen: 2305 }],
    [
      'a value over 255',
      `${header}${good}0,256${pixels[0]!.slice(2)},Training\n`,
      'row-pixel-value',
      { row: 2, pixel: 1 },
    ],
    ['a negative value', `${header}0,-1 ${short},Training\n`, 'row-pixel-value', { row: 1, pixel: 1 }],
    ['a fraction', `${header}0,${short} 1.5,Training\n`, 'row-pixel-value', { row: 1 }],
    ['an unknown label', `${header}${good}7,${pixels[1]},Training\n`, 'row-label', { row: 2, line: 3 }],
    ['an empty label', `${header},${pixels[1]},Training\n`, 'row-label', { row: 1 }],
    ['an unknown usage', `${header}1,${pixels[1]},Test\n`, 'row-usage', { row: 1 }],
    [
      'a missing column',
      `${header}${good}1,${pixels[1]}\n${good}`,
      'row-columns',
      { row: 2, seen: 2, expected: 3 },
    ],
    ['a file cut inside the pixels', `${header}${good}1,1 2 3`, 'file-truncated', { row: 2, line: 3 }],
    ['a file cut inside the usage', `${header}${good}1,${pixels[1]},Trai`, 'file-truncated', { row: 2 }],
    [
      'a file cut inside a quote',
      `emotion,pixels\r\n0,"${pixels[0]}"\r\n1,"12 13`,
      'file-truncated',
      { row: 2 },
    ],
    ['a header alone', header, 'data-empty', {}],
    ['an empty file', '', 'data-empty', {}],
    ['another table', 'name,age\nAnn,3\n', 'data-form-unknown', {}],
  ];
  it.each(faults)('refuses %s', async (name, text, code, details) => {
    const error = await failure(write(`fault ${name}.csv`, text));
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject(details);
  });

  it('refuses a path that is not there', async () => {
    expect((await failure(join(folder, 'nothing'))).code).toBe('data-not-found');
  });
});

describe('raw arrays', () => {
  const rows = [face(5), face(6), face(5)];
  it('reads plain bytes and finds copies', async () => {
    const place = join(folder, 'plain');
    mkdirSync(place);
    writeFileSync(join(place, 'train.images.u8'), Uint8Array.from(rows.flat()));
    writeFileSync(join(place, 'train.labels.u8'), Uint8Array.of(1, 2, 3));
    const set = await loadFaces(place);
    expect(countLabels(set)).toMatchObject({ disgust: 1, fear: 1, happy: 1, angry: 0 });
    expect(groupCopies(set)).toEqual([[0, 2], [1]]);
    expect([...(await loadFaces(place, { limit: 2 })).labels]).toEqual([1, 2]);
  });
  it('refuses images that do not fit the labels, a bad label and a cut file', async () => {
    const place = join(folder, 'bad');
    mkdirSync(place);
    const images = join(place, 'train.images.u8');
    const labels = join(place, 'train.labels.u8');
    writeFileSync(images, Uint8Array.from(rows.flat()).subarray(1));
    writeFileSync(labels, Uint8Array.of(1, 2, 3));
    expect(await failure(place)).toMatchObject({
      code: 'array-size',
      details: { seen: 6911, expected: 6912 },
    });
    writeFileSync(labels, Uint8Array.of(1, 9, 3));
    expect(await failure(place)).toMatchObject({ code: 'row-label', details: { row: 2 } });
    const bomb = join(folder, 'bomb');
    mkdirSync(bomb);
    writeFileSync(join(bomb, 'train.images.br'), brotliCompressSync(Buffer.alloc(64 * 2 ** 20)));
    writeFileSync(join(bomb, 'train.labels.u8'), Uint8Array.of(1));
    expect(await failure(bomb)).toMatchObject({
      code: 'array-size',
      details: { seen: 'more', expected: 2304 },
    });
    const cut = join(folder, 'cut');
    mkdirSync(cut);
    writeFileSync(
      join(cut, 'train.images.br'),
      brotliCompressSync(Uint8Array.from(rows.flat())).subarray(0, 40),
    );
    writeFileSync(join(cut, 'train.labels.u8'), Uint8Array.of(1, 2, 3));
    expect((await failure(cut)).code).toBe('file-truncated');
  });
});

describe('image folders', () => {
  it('reads split and class folders in path order and shrinks by area', async () => {
    const place = join(folder, 'images');
    for (const [split, name, level] of [
      ['train', 'happy', 10],
      ['train', 'sad', 20],
      ['test', 'angry', 30],
    ] as const) {
      mkdirSync(join(place, split, name), { recursive: true });
      const gray = Buffer.alloc(96 * 96, level);
      await sharp(gray, { raw: { width: 96, height: 96, channels: 1 } })
        .png()
        .toFile(join(place, split, name, 'a.png'));
    }
    const set = await loadFaces(place);
    expect(splitsIn(set)).toEqual(['Training', 'PublicTest']);
    expect([...set.labels]).toEqual([3, 4, 0]);
    expect([0, 1, 2].map((row) => pixelsOf(set, row)[1000])).toEqual([10, 20, 30]);
    expect(set.contentDigests).toHaveLength(3);
    const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48"/>';
    for (const bytes of ['not a picture', drawing, await sharp(Buffer.from(drawing)).gif().toBuffer()]) {
      writeFileSync(join(place, 'train', 'sad', 'b.png'), bytes);
      expect((await failure(place)).code).toBe('image-unreadable');
    }
    mkdirSync(join(place, 'train', 'contempt'));
    expect(await failure(place)).toMatchObject({ code: 'class-folder', details: { seen: '"contempt"' } });
  });
});

const real = process.env.TESTIGO_DATA;
if (!real) console.log('real FER-2013 data: did not run, TESTIGO_DATA is not set');
else {
  describe('the real FER-2013', () => {
    it('gives the same samples from a CSV and from the arrays', async () => {
      const arrays = await loadFaces(join(real, 'fer2013'));
      expect(arrays.count).toBe(32_298);
      expect(rowsOfSplit(arrays, 'PublicTest')).toHaveLength(3_589);
      const sample = await loadFaces(join(real, 'fer2013', 'fer2013-sample.csv'));
      expect(sample.count).toBe(1_000);
      const known = new Set(
        groupCopies(arrays).map(([row]) => Buffer.from(pixelsOf(arrays, row!)).toString('latin1')),
      );
      for (let row = 0; row < sample.count; row++) {
        expect(known.has(Buffer.from(pixelsOf(sample, row)).toString('latin1'))).toBe(true);
      }
      for (const [name, count] of [
        ['icml-face-sample.csv', 40],
        ['train-sample.csv', 30],
      ] as const) {
        expect((await loadFaces(join(real, 'fer2013', name))).count).toBe(count);
      }
      const manifest = JSON.parse(readFileSync(join(real, 'fer2013', 'manifest.json'), 'utf8'));
      expect(countLabels(arrays).disgust).toBe(
        manifest.splits.train.per_class.disgust + manifest.splits.publictest.per_class.disgust,
      );
    });
  });
}
