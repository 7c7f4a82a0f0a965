import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ModelError } from '../errors.ts';
import { type FaceSet, selectRows } from './face-set.ts';
import { type CsvOptions, loadFer2013Csv } from './fer-csv.ts';
import { isImageFolder, loadImageFolder } from './image-folder.ts';
import { hasRawArrays, loadRawArrays } from './raw-arrays.ts';

const limitRows = (set: FaceSet, limit = set.count): FaceSet =>
  limit < set.count
    ? selectRows(
        set,
        Array.from({ length: limit }, (_, row) => row),
      )
    : set;

/** Reads faces from whatever is at `path`: a CSV in any of FER-2013's forms, raw arrays, or an image folder. */
export const loadFaces = async (path: string, options: CsvOptions = {}): Promise<FaceSet> => {
  if (!existsSync(path)) throw new ModelError('data-not-found', { path });
  if (statSync(path).isFile()) return loadFer2013Csv(path, options);
  const arrays = [path, join(path, 'fer2013')].find(hasRawArrays);
  if (arrays) return limitRows(loadRawArrays(arrays), options.limit);
  if (isImageFolder(path)) return loadImageFolder(path, options.limit);
  throw new ModelError('data-form-unknown', { path, seen: 'a folder with neither arrays nor class folders' });
};
