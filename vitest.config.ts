import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The `source` condition makes `#folder/x.js` resolve to src/folder/x.ts, so the suite needs no build.
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/conformance/**', 'test/timed/**', '**/node_modules/**'],
    pool: 'forks',
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
  },
})
