import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { troupe: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/globalSetup.ts'],
    // For what never comes to its end. No test waits for time to pass: how fast a machine is must not decide.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    pool: 'forks',
  },
})
