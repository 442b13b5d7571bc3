/**
 * Tests are ES modules: jest runs with `--experimental-vm-modules` (`npm test` does that, and builds first: tests
 * that start processes run what is in dist/).
 */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Each e2e test runs a whole stack with a server of its own.
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/support/sequencer.js',
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
