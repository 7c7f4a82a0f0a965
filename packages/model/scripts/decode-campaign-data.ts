// Decodes FER-2013's Training and PublicTest from their residual form: node scripts/decode-campaign-data.ts FROM TO
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

const SIDE = 48;
const [from, to] = process.argv.slice(2) as [string, string];
for (const split of ['train', 'publictest']) {
  const pixels = new Uint8Array(brotliDecompressSync(readFileSync(`${from}/${split}.images.br`)));
  for (let p = 0; p < pixels.length; p++) {
    const x = p % SIDE;
    const y = Math.floor(p / SIDE) % SIDE;
    // LOCO-I: the median of left, above and left + above - above-left
    const left = x ? pixels[p - 1]! : y ? pixels[p - SIDE]! : 0;
    const above = y ? pixels[p - SIDE]! : left;
    const corner = x && y ? pixels[p - SIDE - 1]! : x ? left : above;
    const high = Math.max(left, above);
    const low = Math.min(left, above);
    pixels[p] = pixels[p]! + (corner >= high ? low : corner <= low ? high : left + above - corner);
  }
  writeFileSync(`${to}/${split}.images.u8`, pixels);
  writeFileSync(`${to}/${split}.labels.u8`, readFileSync(`${from}/${split}.labels.u8`));
}
