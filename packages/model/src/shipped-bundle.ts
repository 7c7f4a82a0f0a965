import { fileURLToPath } from 'node:url';

/** Folder of the model bundle that comes with this package. */
export const shippedBundle = (): string => fileURLToPath(new URL('../bundle', import.meta.url));
