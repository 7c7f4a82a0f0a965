import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawSyntheticFaces } from '../../test/synthetic-faces.ts';
import { imageOf } from './sample-set.ts';
import { readSamplesCsv } from './samples-csv.ts';

const set = drawSyntheticFaces(3, 'csv');
const pixels = Array.from({ length: 3 }, (_, row) => imageOf(set, row).join(' '));
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'testigo-csv-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const path = join(folder, 'samples.csv');
  await writeFile(path, text);
  return readSamplesCsv(path);
}

describe('readSamplesCsv', () => {
  it.each([
    [
      'fer2013.csv',
      [
        'emotion,pixels,Usage',
        `0,${pixels[0]},Training`,
        `1,${pixels[1]},PublicTest`,
        `2,${pixels[2]},Training`,
      ].join('\n'),
    ],
    [
      'icml_face_data.csv',
      [
        'emotion, Usage, pixels',
        `0, Training,${pixels[0]}`,
        `1, PublicTest,${pixels[1]}`,
        `2, Training,${pixels[2]}`,
        '',
      ].join('\n'),
    ],
  ])('reads the form of %s', async (_, text) => {
    const found = await read(text);
    expect(found.splitNames).toEqual(['Training', 'PublicTest']);
    expect([...found.splits]).toEqual([0, 1, 0]);
    expect([...found.labels]).toEqual([0, 1, 2]);
    expect(found.pixels).toEqual(set.pixels);
  });

  it('reads quoted pixels with CRLF and no Usage', async () => {
    const found = await read(
      ['emotion,pixels', `0,"${pixels[0]}"`, `1,"${pixels[1]}"`, `2,"${pixels[2]}"`, ''].join('\r\n'),
    );
    expect(found.pixels).toEqual(set.pixels);
    expect(found.splitNames).toEqual(['unnamed']);
  });

  it.each([
    ['no header', ''],
    ['another header', 'a,b\n'],
    ['no rows', 'emotion,pixels\n'],
    ['a label that is none', `emotion,pixels\n7,${pixels[0]}`],
    ['too few pixels', 'emotion,pixels\n0,1 2 3'],
    ['a pixel above 255', `emotion,pixels\n0,${pixels[0]!.replace(/^\d+/, '256')}`],
    ['text among the pixels', `emotion,pixels\n0,${pixels[0]!.replace(/^\d+/, 'x')}`],
  ])('refuses %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'samples-invalid' });
  });
});
