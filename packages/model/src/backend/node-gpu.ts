import { createRequire } from 'node:module';

/** Node 23 removed these two, which tfjs-node 4.22 still calls. */
function restoreNodeUtil(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

/**
 * Loads `@tensorflow/tfjs-node-gpu`, which registers the `tensorflow` backend. It is an optional dependency whose
 * package may be there without its library (CUDA 11.2, cuDNN 8.1): only the import tells.
 */
export async function loadNodeGpu(): Promise<string | null> {
  try {
    restoreNodeUtil();
    const name = '@tensorflow/tfjs-node-gpu';
    const binding = (await import(name)) as { version?: Record<string, string> };
    return binding.version?.tensorflow ?? 'unknown version';
  } catch {
    return null;
  }
}
