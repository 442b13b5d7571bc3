import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import type { RollupOptions } from 'rollup';

/** How rollup finds and reads modules for Node here; build time only. */
export const FOR_NODE = {
  plugins: [nodeResolve({ exportConditions: ['node'], preferBuiltins: true }), commonjs(), json()],
  onwarn(warning, warn) {
    const harmless = ['CIRCULAR_DEPENDENCY', 'EVAL', 'INVALID_ANNOTATION', 'THIS_IS_UNDEFINED'];
    if (!harmless.includes(warning.code ?? '')) warn(warning);
  },
} satisfies RollupOptions;
