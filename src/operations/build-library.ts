import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup, type Plugin } from 'rollup';
import { FOR_NODE } from '../bundling.js';

/**
 * Bundles `@terascope/job-components` with what it uses, once, at build time. As it comes it is some 1,200 modules,
 * which cost each host 85 MB and most of a second of a processor; in one file, without what it never uses, a third.
 * Processes for user code get the bundle for `#job-components` (see `imports` in `package.json`).
 */

/**
 * Packages that few operations need, and what is imported of them: loaded when first used. All of these imports are
 * functions or objects that the library only touches inside of its functions.
 */
const LAZY: Record<string, string[]> = {
  'awesome-phonenumber': ['parsePhoneNumber'],
  'geo-tz': ['find', 'setCache'],
  'prom-client': ['default', 'Counter', 'Gauge', 'Histogram', 'Summary'],
  validator: ['default'],
};

const LAZY_PREFIX = '\0lazy:';

const lazy: Plugin = {
  name: 'lazy',
  resolveId(id, importer) {
    if (LAZY[id] && importer && !importer.startsWith(LAZY_PREFIX)) return `${LAZY_PREFIX}${id}`;
    return undefined;
  },
  load(id) {
    if (!id.startsWith(LAZY_PREFIX)) return undefined;
    const name = id.slice(LAZY_PREFIX.length);
    const exported = (LAZY[name] ?? []).map((member) =>
      member === 'default'
        ? 'export default lazily(load);'
        : `export const ${member} = lazily(() => load().${member});`,
    );
    return [
      `import { lazily, requireOfLibrary } from ${JSON.stringify(LAZILY)};`,
      `const load = () => requireOfLibrary(${JSON.stringify(name)});`,
      ...exported,
    ].join('\n');
  },
};

const LAZILY = fileURLToPath(new URL('./lazily.js', import.meta.url));
const LIBRARY = dirname(fileURLToPath(import.meta.resolve('@terascope/job-components')));
/** As in the package: the loader finds the library's own operations relative to itself. */
const OUTPUT = fileURLToPath(new URL('../job-components/dist/src', import.meta.url));

const modules = [
  'index.js',
  ...readdirSync(join(LIBRARY, 'builtin'), { recursive: true })
    .map((file) => join('builtin', String(file)))
    .filter((file) => file.endsWith('.js') && !file.endsWith('interfaces.js')),
];

const bundle = await rollup({
  ...FOR_NODE,
  input: Object.fromEntries(modules.map((file) => [file.slice(0, -'.js'.length), join(LIBRARY, file)])),
  plugins: [lazy, ...FOR_NODE.plugins],
});
await bundle.write({
  dir: OUTPUT,
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: 'operation-loader/[name].js',
  manualChunks: (id) => (id.startsWith(join(LIBRARY, 'builtin')) ? undefined : 'library'),
});
await bundle.close();
