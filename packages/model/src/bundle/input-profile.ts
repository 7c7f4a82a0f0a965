import { z } from 'zod';
import { type FaceSet, pixelsOf } from '../data/face-set.ts';
import { ModelError } from '../errors.ts';
import { measurePicture, type PictureStatistics } from '../picture-statistics.ts';

/** How one statistic is spread over the training pictures. */
export type StatisticProfile = {
  /** The central 95 % of the training pictures lie within. */
  readonly low: number;
  readonly high: number;
  /** Nine cuts into ten parts that hold as many training pictures each, as far as equal values allow. */
  readonly deciles: readonly number[];
};

/** What a bundle says of the pictures it was trained on, so that a service can tell that its own are unlike them. */
export type InputProfile = Readonly<Record<keyof PictureStatistics, StatisticProfile>> & {
  readonly pictures: number;
};

export const INPUT_PROFILE_FILE = 'input-profile.json';

const statisticSchema = z.strictObject({
  low: z.number(),
  high: z.number(),
  deciles: z.array(z.number()).length(9),
});
const profileSchema = z.strictObject({
  type: z.literal('testigo.input-profile'),
  version: z.literal(1),
  pictures: z.int().min(1),
  brightness: statisticSchema,
  contrast: statisticSchema,
  sharpness: statisticSchema,
});

// Six digits are more than a quantile of thousands of pictures means.
const round = (value: number): number => Number(value.toPrecision(6));

const profileOf = (values: Float64Array): StatisticProfile => {
  const sorted = values.slice().sort();
  const quantile = (share: number): number => round(sorted[Math.floor(share * (sorted.length - 1))]!);
  return {
    low: quantile(0.025),
    high: quantile(0.975),
    deciles: Array.from({ length: 9 }, (_, i) => quantile((i + 1) / 10)),
  };
};

/** Aggregates over `rows` of the set; they tell nothing of any one picture. */
export const profileInputs = (set: FaceSet, rows: readonly number[]): InputProfile => {
  const statistics = rows.map((row) => measurePicture(pixelsOf(set, row)));
  const of = (name: keyof PictureStatistics) => profileOf(Float64Array.from(statistics, (one) => one[name]));
  return {
    pictures: rows.length,
    brightness: of('brightness'),
    contrast: of('contrast'),
    sharpness: of('sharpness'),
  };
};

export const encodeInputProfile = (profile: InputProfile): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify({ type: 'testigo.input-profile', version: 1, ...profile })}\n`);

/** The profile among a bundle's files, undefined where there is none. @throws ModelError bundle-manifest */
export const readInputProfile = (files: ReadonlyMap<string, Uint8Array>): InputProfile | undefined => {
  const bytes = files.get(INPUT_PROFILE_FILE);
  if (!bytes) return undefined;
  try {
    const {
      type: _type,
      version: _version,
      ...profile
    } = profileSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return profile;
  } catch (cause) {
    throw new ModelError('bundle-manifest', { path: INPUT_PROFILE_FILE, seen: String(cause) }, { cause });
  }
};
