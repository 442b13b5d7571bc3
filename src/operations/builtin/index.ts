import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the operations that come with the product, in the layout that job-components' OperationLoader
 * expects of an unbundled asset: `<operation>/{schema,processor}.js` or `<operation>/{schema,slicer,fetcher}.js`,
 * default exports. Names that start with `_` are shared code: the loader passes them over.
 */
export const BUILTIN_DIRECTORY = dirname(fileURLToPath(import.meta.url));
