/** Version of Teraslice whose API, job files and asset bundles this server is compatible with; bundles check it. */
export const TERASLICE_VERSION = '3.18.0';
