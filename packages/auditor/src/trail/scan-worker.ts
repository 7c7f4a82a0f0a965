import { parentPort, workerData } from 'node:worker_threads';
import { type ChunkRequest, scanChunk } from './scan-chunk.ts';
import { LogUnreachable, TileSource } from './tile-source.ts';

const source = new TileSource((workerData as { base: string }).base);

parentPort?.on('message', async (request: ChunkRequest) => {
  try {
    const result = await scanChunk(source, request);
    parentPort?.postMessage({ result }, [
      result.scan.leafHashes.buffer as ArrayBuffer,
      result.scan.facts.buffer as ArrayBuffer,
    ]);
  } catch (error) {
    // Classes do not survive the way between threads; only this one means anything to the other side.
    parentPort?.postMessage({
      error: error instanceof Error ? error.message : String(error),
      isUnreachable: error instanceof LogUnreachable,
    });
  }
});
