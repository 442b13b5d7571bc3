/**
 * Tests are ES modules: jest runs with `--experimental-vm-modules` (`npm test` does that, and builds first: tests
 * that start processes run what is in dist/).
 */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // One more than two processors: e2e tests, each with a whole stack and a server of its own, wait for half of the time.
  maxWorkers: 3,
  testTimeout: 120_000,
  globalSetup: '<rootDir>/test/support/mark-processes.js',
  globalTeardown: '<rootDir>/test/support/check-leftovers.js',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/data/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};
