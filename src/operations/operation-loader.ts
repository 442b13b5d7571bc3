import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OperationLoader, AssetBundleType, OperationLocationType, parseName } from '#job-components';
import { compiledPath } from '../compiled-path.js';
import { describeError } from './errors.js';

/**
 * Teaches job-components' loader, for the whole process, where our built-in operations lie, and to say what is wrong in
 * terms of the job. The library creates its loaders itself, inside execution contexts, so its prototype is the only
 * place that reaches them all.
 */

/** Our operations in the layout of an unbundled asset: `<name>/schema.js` and so on, default exports. */
const BUILTIN_DIRECTORY = compiledPath('./builtin', import.meta.url);

const library = {
  find: OperationLoader.prototype.find,
  require: OperationLoader.prototype['require'],
  loadReader: OperationLoader.prototype.loadReader,
  loadProcessor: OperationLoader.prototype.loadProcessor,
  loadAPI: OperationLoader.prototype.loadAPI,
};

function ownOperation(name: string): string | undefined {
  if (!/^[\w-]+$/.test(name)) return undefined;
  const path = join(BUILTIN_DIRECTORY, name);
  return existsSync(join(path, 'schema.js')) ? path : undefined;
}

/**
 * Assets first, then our own, then the library's, then installed modules. A name counts as taken twice only
 * among assets and the library's: a bundle that brings an operation of the same name as ours replaces it, and
 * a folder of that name where the process was started is no rival to a built-in.
 */
OperationLoader.prototype.find = async function find(name, assetIds) {
  const found = await library.find.call(this, name, assetIds);
  if (found.some(({ location }) => location === OperationLocationType.asset)) {
    return found.filter(({ location }) => location !== OperationLocationType.module);
  }
  const builtin = found.filter(({ location }) => location === OperationLocationType.builtin);
  if (builtin.length > 0) return builtin;
  await checkBundles(this, name, assetIds ?? []);
  const path = ownOperation(name);
  if (path !== undefined) {
    return [{ path, bundle_type: AssetBundleType.STANDARD, location: OperationLocationType.builtin }];
  }
  return found;
};

/**
 * To the library, a bundle whose code cannot be loaded is one without the operation: a built-in of the same name would
 * run in its place.
 * @throws Error if there is such a bundle among the assets
 */
async function checkBundles(loader: OperationLoader, name: string, assetIds: string[]): Promise<void> {
  for (const directory of loader['options'].assetPath ?? []) {
    for (const id of assetIds) {
      const folder = join(directory, id);
      if (!existsSync(join(folder, 'index.js'))) continue;
      try {
        await loader['_getBundledRepository'](folder);
      } catch (cause) {
        const [reason] = describeError(cause).split('\n');
        throw new Error(
          `Unable to find module for operation: ${name}, the code of asset ${id} cannot be loaded: ${reason}`,
          { cause },
        );
      }
    }
  }
}

/** Code of an unbundled operation, by the name of the file without its extension. */
const codeFile = (loader: OperationLoader, folder: string, part: string): string | undefined =>
  (loader['availableExtensions'] as string[])
    .map((extension) => join(folder, `${part}${extension}`))
    .find((path) => existsSync(path));

/**
 * The library tries each extension and tells what the last one failed of: that there is no such file. If there is one of
 * another extension, what is wrong with that is of interest.
 */
OperationLoader.prototype['require'] = async function require(
  this: OperationLoader,
  folder: string,
  part?: string,
  options?: object,
) {
  try {
    return await library.require.call(this, folder, part, options);
  } catch (error) {
    const file = part === undefined ? undefined : codeFile(this, folder, part);
    if (file !== undefined) await import(pathToFileURL(file).href);
    throw error;
  }
};

/** The library says which file it did not find; what is wrong is the place of the operation in the job. */
function misplaced(loader: OperationLoader, error: unknown): never {
  const { message } = error as Error;
  const [, name = ''] = /^Failure loading \w+ from module: ([^,]+), error: /.exec(message) ?? [];
  const [, folder = '', part] =
    /Cannot find module '([^']*)[/\\](slicer|processor)\.\w+'/.exec(message) ?? [];
  const other = part === 'processor' ? 'slicer' : 'processor';
  if (name === '' || part === undefined || codeFile(loader, folder, other) === undefined) throw error;
  if (part === 'processor') {
    throw new Error(`"${name}" cannot process records: only the first operation can be a reader`, {
      cause: error,
    });
  }
  throw new Error(`"${name}" cannot read: the first operation must be a reader`, { cause: error });
}

/** The library takes for granted that `name@asset` is in that asset. @throws Error if it is not */
async function checkAsset(loader: OperationLoader, qualified: string, isApi = false): Promise<void> {
  const { name, assetIdentifier } = parseName(qualified, isApi);
  if (assetIdentifier === undefined) return;
  const found = await loader.find(name, [assetIdentifier]);
  if (found.some(({ location }) => location === OperationLocationType.asset)) return;
  throw new Error(`Unable to find module for operation: ${qualified}`);
}

OperationLoader.prototype.loadReader = async function loadReader(name, assetIds) {
  await checkAsset(this, name);
  return library.loadReader.call(this, name, assetIds).catch((error) => misplaced(this, error));
};

OperationLoader.prototype.loadProcessor = async function loadProcessor(name, assetIds) {
  await checkAsset(this, name);
  return library.loadProcessor.call(this, name, assetIds).catch((error) => misplaced(this, error));
};

OperationLoader.prototype.loadAPI = async function loadAPI(name, assetIds) {
  await checkAsset(this, name, true);
  return library.loadAPI.call(this, name, assetIds);
};

export { OperationLoader };
