import { defineConfig } from 'vitest/config';

// One file at a time: each has a server and windows of its own, and two would fight for the cores.
export default defineConfig({
  test: {
    include: [`test/editor/${process.env['EDITOR_TESTS'] ?? 'ui/*'}.test.ts`],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
