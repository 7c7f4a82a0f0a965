import { defineConfig } from 'vitest/config';

// Training and spawned programs take seconds on a busy machine; a hang is still a failure.
export default defineConfig({ test: { testTimeout: 180_000, hookTimeout: 60_000 } });
