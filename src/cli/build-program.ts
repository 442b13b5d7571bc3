import { existsSync, readFileSync, rmSync } from 'node:fs';
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
const CHUNKS = 'chunks';

/** Packages that stay where they are: they have native code, WebAssembly or threads, which they find by their own path. */
const APART = /^(@temporalio|@electric-sql|fs-native-extensions|pino)(\/|$)/;

const compiled: Plugin = {
  name: 'compiled',
  /** The way back to the sources. */
  load(id) {
    const map = `${id}.map`;
    if (!id.startsWith(DIST) || !existsSync(map)) return undefined;
    return { code: readFileSync(id, 'utf8'), map: readFileSync(map, 'utf8') };
  },
  /** Modules go on finding files from where they were compiled. */
  resolveImportMeta(property, { chunkId, moduleId }) {
    if (property === null) return undefined;
    if (property !== 'url') return this.error(`import.meta.${property} of ${moduleId} would be the bundle's`);
    const path = relative(dirname(join(DIST, chunkId)), moduleId);
    return `new URL(${JSON.stringify(path)}, import.meta.url).href`;
  },
};

const bundle = await rollup({
  ...FOR_NODE,
  input: join(DIST, 'cli.js'),
  external: APART,
  plugins: [compiled, ...FOR_NODE.plugins],
});
rmSync(join(DIST, CHUNKS), { recursive: true, force: true });
await bundle.write({
  dir: DIST,
  format: 'es',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames({ name, facadeModuleId }) {
    // A stack trace is to say `master.js`, not `index2.js`.
    const folder = name === 'index' && facadeModuleId ? basename(dirname(facadeModuleId)) : name;
    return `${CHUNKS}/${folder}.js`;
  },
});
await bundle.close();
