import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { ModelError } from '../errors.ts';
import { LABELS, PIXEL_COUNT } from '../labels.ts';
import { sniffFormat } from '../picture-format.ts';
import type { FaceSet } from './face-set.ts';
import { resizeToFace, toGray } from './gray.ts';

const PICTURES = new Set(['.png', '.jpg', '.jpeg', '.webp']);
/** Folder names people give the splits, in the order of SPLITS. */
const SPLIT_NAMES = [
  ['train', 'training'],
  ['test', 'publictest', 'val', 'valid', 'validation'],
  ['privatetest'],
];
/** Class folder names other collections use. */
const ALIASES: Readonly<Record<string, number>> = {
  anger: 0,
  disgusted: 1,
  fearful: 2,
  happiness: 3,
  sadness: 4,
  surprised: 5,
};

type Picture = { readonly path: string; readonly label: number; readonly split: number };

/**
 * Reads <split>/<class>/*.png|jpg|webp, or <class>/… (then all is Training), in path order, so that the same
 * folder always gives the same rows. Pictures of other sizes are area-averaged to 48x48.
 */
export const loadImageFolder = async (folder: string, limit = Number.POSITIVE_INFINITY): Promise<FaceSet> => {
  const pictures = listPictures(folder).slice(0, limit);
  if (pictures.length === 0) throw new ModelError('data-empty', { path: folder });
  const pixels = new Uint8Array(pictures.length * PIXEL_COUNT);
  const contentDigests: Uint8Array[] = [];
  for (const [index, picture] of pictures.entries()) {
    const bytes = readFileSync(picture.path);
    contentDigests.push(createHash('sha256').update(bytes).digest());
    pixels.set(await decodeFace(bytes, picture.path), index * PIXEL_COUNT);
  }
  return {
    count: pictures.length,
    pixels,
    labels: Uint8Array.from(pictures, (picture) => picture.label),
    splits: Uint8Array.from(pictures, (picture) => picture.split),
    source: folder,
    contentDigests,
  };
};

export const isImageFolder = (folder: string): boolean =>
  classFolders(folder).length > 0 || splitFolders(folder).length > 0;

const folders = (parent: string): string[] =>
  readdirSync(parent)
    .filter((name) => statSync(join(parent, name)).isDirectory())
    .sort();

const labelOf = (name: string): number => {
  const lower = name.toLowerCase();
  if (/^[0-6]$/.test(lower)) return Number(lower);
  const index = LABELS.indexOf(lower as (typeof LABELS)[number]);
  return index >= 0 ? index : (ALIASES[lower] ?? -1);
};

const classFolders = (parent: string) =>
  folders(parent).flatMap((name) =>
    labelOf(name) < 0 ? [] : [{ path: join(parent, name), label: labelOf(name) }],
  );

const splitFolders = (parent: string) =>
  folders(parent).flatMap((name) => {
    const split = SPLIT_NAMES.findIndex((names) => names.includes(name.toLowerCase()));
    return split < 0 ? [] : [{ path: join(parent, name), split }];
  });

const listPictures = (folder: string): Picture[] => {
  const splits = splitFolders(folder).sort((a, b) => a.split - b.split);
  const roots = splits.length > 0 ? splits : [{ path: folder, split: 0 }];
  return roots.flatMap(({ path, split }) => {
    checkClassNames(path);
    return classFolders(path).flatMap(({ path: classPath, label }) =>
      readdirSync(classPath)
        .filter((name) => PICTURES.has(extname(name).toLowerCase()))
        .sort()
        .map((name) => ({ path: join(classPath, name), label, split })),
    );
  });
};

const checkClassNames = (parent: string): void => {
  for (const name of folders(parent)) {
    if (labelOf(name) < 0) {
      throw new ModelError('class-folder', { path: parent, seen: JSON.stringify(name) });
    }
  }
};

const decodeFace = async (bytes: Uint8Array, path: string): Promise<Uint8Array> => {
  if (!sniffFormat(bytes))
    throw new ModelError('image-unreadable', {
      path,
      seen: 'it is no JPEG, PNG or WebP, whatever its name says',
    });
  try {
    const image = sharp(bytes, { limitInputPixels: 64_000_000, failOn: 'error' }).autoOrient();
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    return resizeToFace(toGray(data, info.channels), info.width, info.height);
  } catch (cause) {
    throw new ModelError(
      'image-unreadable',
      { path, seen: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    );
  }
};
