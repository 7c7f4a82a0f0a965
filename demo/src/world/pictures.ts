import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { createTestigoClient, ProblemError, unwrap } from '@testigo/inference-api/client';
import sharp from 'sharp';

export interface Picture {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type Answer =
  | {
      readonly kind: 'reading';
      readonly recordId: string;
      readonly label: string;
      readonly confidencePpm: number;
      readonly scoresPpm: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: 'refusal';
      readonly code: string;
      readonly title: string;
      readonly recordId?: string | undefined;
    };

/** A square cut from one of the sample pictures, all of which show several people. */
interface Cut {
  readonly left: number;
  readonly top: number;
}

const CUT_SIZE = 400;

const SAMPLES: readonly { readonly name: string; readonly file: string; readonly cut?: Cut }[] = [
  { name: 'tilted', file: 'sample1.jpg', cut: { left: 1370, top: 118 } },
  { name: 'smiling', file: 'sample3.jpg', cut: { left: 1019, top: 163 } },
  { name: 'serious', file: 'sample5.jpg', cut: { left: 640, top: 90 } },
  { name: 'red-eyed', file: 'sample6.jpg', cut: { left: 1430, top: 250 } },
  { name: 'group', file: 'sample4.jpg' },
];

/** Four faces, one of them too tilted to read, and a group: from the pictures that ship with @vladmandic/face-api (MIT). */
export async function loadSamplePictures(): Promise<Picture[]> {
  const require = createRequire(import.meta.url);
  const dir = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'demo');
  return Promise.all(
    SAMPLES.map(async ({ name, file, cut }) => {
      const bytes = await readFile(join(dir, file));
      if (!cut) return { name, bytes };
      const square = { ...cut, width: CUT_SIZE, height: CUT_SIZE };
      return { name, bytes: await sharp(bytes).extract(square).jpeg({ quality: 90 }).toBuffer() };
    }),
  );
}

/** @throws Error that names the picture which cannot be read */
export const loadPictures = (paths: readonly string[]): Promise<Picture[]> =>
  Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
        throw new Error(`cannot read the picture ${path}: ${why}`, { cause });
      });
      return { name: basename(path), bytes };
    }),
  );

/** One picture through the API, as a call platform would send it. */
export async function sendPicture(apiUrl: string, picture: Picture): Promise<Answer> {
  const client = createTestigoClient({ baseUrl: apiUrl });
  const image = Buffer.from(picture.bytes).toString('base64');
  try {
    return { kind: 'reading', ...(await unwrap(client.POST('/v1/detections', { body: { image } }))) };
  } catch (error) {
    if (error instanceof ProblemError) return { kind: 'refusal', ...error.problem };
    throw error;
  }
}
