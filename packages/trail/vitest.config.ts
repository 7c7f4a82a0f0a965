import { defineConfig } from 'vitest/config';

// The exhaustive proofs take seconds of pure hashing; on a busy machine, more than the default allows.
export default defineConfig({ test: { isolate: false, testTimeout: 120_000 } });
