import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup, type Plugin } from 'rollup';
import { FOR_NODE } from '../bundling.js';

/**
 * Bundles the compiled program with most of the packages that it uses, once, at build time: in place of `dist/cli.js`,
 * with what commands load in `dist/chunks`. A master is some 1,700 modules otherwise; to find and link their files takes
 * half a second, and three processes do so at each start.
 */

const DIST = fileURLToPath(new URL('..', import.meta.url));

/**
 * Packages that stay where they are: those with native code, WebAssembly or threads, found by their own path, and those of
 * which an operation must get the very module that we use.
 */
const APART =
  /^(@temporalio|@terascope|@electric-sql|#job-components|fs-native-extensions|pino|prom-client)(\/|$)/;

/** Modules go on finding files from where they were compiled. */
const whereCompiled: Plugin = {
  name: 'where-compiled',
  resolveImportMeta(property, { chunkId, moduleId }) {
    if (property !== 'url') return undefined;
    const path = relative(dirname(join(DIST, chunkId)), moduleId);
    return `new URL(${JSON.stringify(path)}, import.meta.url).href`;
  },
};

const bundle = await rollup({
  ...FOR_NODE,
  input: join(DIST, 'cli.js'),
  external: APART,
  plugins: [whereCompiled, ...FOR_NODE.plugins],
});
await bundle.write({
  dir: DIST,
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames({ name, facadeModuleId }) {
    // A stack trace is to say `master.js`, not `index2.js`.
    const folder = name === 'index' && facadeModuleId ? basename(dirname(facadeModuleId)) : name;
    return `chunks/${folder}.js`;
  },
});
await bundle.close();
