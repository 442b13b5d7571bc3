import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Version of this program. */
export const VERSION = manifest.version;

/** Version of Teraslice whose API, job files and asset bundles this server is compatible with; bundles check it. */
export const TERASLICE_VERSION = '3.18.0';
