import { fileURLToPath } from 'node:url';

/** This package's folder, where Hardhat finds `artifacts/`; the same from `src/testing` and `dist/testing`. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
