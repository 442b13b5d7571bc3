import { isBuiltin } from 'node:module';
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import type { RollupOptions } from 'rollup';

const HARMLESS = ['CIRCULAR_DEPENDENCY', 'EVAL', 'INVALID_ANNOTATION', 'THIS_IS_UNDEFINED'];
/** Of these the bundle would not run. */
const FATAL = ['MISSING_EXPORT', 'UNRESOLVED_IMPORT'];

/** How rollup finds and reads modules for Node here; build time only. */
export const FOR_NODE = {
  plugins: [
    nodeResolve({ exportConditions: ['node'], preferBuiltins: true }),
    // Modules of Node that are required in a `try` are there; in a bundle `require` is not.
    commonjs({ ignoreTryCatch: (id) => !isBuiltin(id) }),
    json(),
  ],
  onwarn(warning, warn) {
    if (FATAL.includes(warning.code ?? '')) throw new Error(warning.message);
    if (!HARMLESS.includes(warning.code ?? '')) warn(warning);
  },
} satisfies RollupOptions;
