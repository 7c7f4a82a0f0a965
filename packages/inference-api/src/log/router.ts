import { parseTilePath, TrailError } from '@testigo/trail';
import { Router } from 'express';
import { ApiError } from '../errors.ts';
import type { TransparencyLog } from './log.ts';

// C2SP tlog-tiles, "HTTP": complete tiles never change, so clients and proxies may keep them for ever.
const IMMUTABLE = 'max-age=31536000, immutable';
const NO_STORE = 'no-store';

const parsePath = (path: string) => {
  try {
    return parseTilePath(path);
  } catch (cause) {
    if (cause instanceof TrailError)
      throw new ApiError('log-range', `${path} is not a tile path.`, { cause });
    throw cause;
  }
};

/** The C2SP tlog-tiles read API: `/checkpoint`, `/tile/<level>/<index>`, `/tile/entries/<index>`. */
export const createLogRouter = (log: TransparencyLog): Router => {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/checkpoint', (_request, response) => {
    response.set('Cache-Control', NO_STORE).type('text/plain; charset=utf-8').send(log.checkpoint().note);
  });
  router.get('/tile/*path', async (request, response) => {
    const tile = parsePath(request.path.slice(1));
    const bytes =
      tile.kind === 'entries'
        ? await log.readEntryBundle(tile.index, tile.width)
        : await log.readTile(tile.level, tile.index, tile.width);
    response.set('Cache-Control', IMMUTABLE).type('application/octet-stream').send(Buffer.from(bytes));
  });
  return router;
};
