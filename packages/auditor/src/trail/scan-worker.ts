import { parentPort, workerData } from 'node:worker_threads';
import { type ChunkRequest, scanChunk } from './scan-chunk.ts';
import { TileSource } from './tile-source.ts';

const source = new TileSource((workerData as { base: string }).base);

parentPort?.on('message', async (request: ChunkRequest) => {
  try {
    const result = await scanChunk(source, request);
    parentPort?.postMessage({ result }, [
      result.scan.leafHashes.buffer as ArrayBuffer,
      result.scan.facts.buffer as ArrayBuffer,
    ]);
  } catch (error) {
    parentPort?.postMessage({ error });
  }
});
