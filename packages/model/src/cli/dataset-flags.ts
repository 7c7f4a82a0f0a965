import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import type { DatasetOptions } from '../data/dataset.ts';
import type { FaceSet } from '../data/face-set.ts';
import { ModelError } from '../errors.ts';

export type DatasetFlags = { readonly datasetName?: string; readonly licence?: string };

const FER2013 = 'fer2013';
const FER2013_COLLECTED_AT = 1_365_724_800; // 2013-04-12, the challenge's release

/** As a manifest wants its names: lower-case letters, digits, ".", "_", ":" and "-", at most 64. */
const TOKEN = /^[a-z0-9][a-z0-9._:-]{0,63}$/;

const parseToken =
  (option: string) =>
  (value: string): string => {
    if (TOKEN.test(value)) return value;
    const seen = `${value} is no name of 1 to 64 lower-case letters, digits, ".", "_", ":" and "-"`;
    throw new ModelError('option-invalid', { option, seen });
  };

const nameOfFolder = (path: string): string => {
  const name = basename(resolve(path))
    .toLowerCase()
    .replace(/[^a-z0-9._:-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64);
  return name === '' ? 'faces' : name;
};

export const addDatasetFlags = (command: Command): Command =>
  command
    .option(
      '--dataset-name <name>',
      "name in the dataset manifest (default: fer2013, or an image folder's own name)",
      parseToken('dataset-name'),
    )
    .option(
      '--licence <name>',
      'licence in the dataset manifest (default: research-only for fer2013, else not-stated)',
      parseToken('licence'),
    );

/** What a manifest says of data beside its samples. CSV files and raw arrays are FER-2013's own forms. */
export const describeSource = (
  set: FaceSet,
  { datasetName, licence }: DatasetFlags,
): Omit<DatasetOptions, 'selection'> => {
  const isFolder = set.contentDigests !== undefined;
  const name = datasetName ?? (isFolder ? nameOfFolder(set.source) : FER2013);
  const isFer2013 = name === FER2013;
  return {
    name,
    licence: licence ?? (isFer2013 ? 'research-only' : 'not-stated'),
    sources: [name],
    collectedAt: isFer2013 ? FER2013_COLLECTED_AT : 0,
  };
};
