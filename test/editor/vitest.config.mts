import { defineConfig } from 'vitest/config';

// One file at a time: each has a server and windows of its own, and two would fight for the cores.
export default defineConfig({
  test: {
    include: [process.env['VSIX'] ? 'test/editor/vsix.test.ts' : 'test/editor/ui/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
