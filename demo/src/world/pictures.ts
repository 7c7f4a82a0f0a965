import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

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
  | { readonly kind: 'refusal'; readonly code: string; readonly title: string; readonly recordId?: string };

const SAMPLES = ['sample1.jpg', 'sample4.jpg', 'sample5.jpg', 'sample6.jpg'];

/** The pictures that ship with @vladmandic/face-api (MIT). */
export function samplePictures(): string[] {
  const require = createRequire(import.meta.url);
  const dir = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'demo');
  return SAMPLES.map((name) => join(dir, name));
}

export const loadPictures = (paths: readonly string[]): Promise<Picture[]> =>
  Promise.all(paths.map(async (path) => ({ name: basename(path), bytes: await readFile(path) })));

/** One picture through the API, as a call platform would send it. */
export async function sendPicture(apiUrl: string, picture: Picture): Promise<Answer> {
  const response = await fetch(`${apiUrl}/v1/detections`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ image: Buffer.from(picture.bytes).toString('base64') }),
  });
  const body = (await response.json()) as Record<string, unknown>;
  if (response.status === 201) return { kind: 'reading', ...body } as Answer;
  return { kind: 'refusal', ...body } as Answer;
}
