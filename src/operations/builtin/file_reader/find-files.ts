import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';

/** A file that is found under several names, through symbolic links, is read once: under the name where it lies. */
async function withoutLinks(paths: string[]): Promise<string[]> {
  return [...new Set(await Promise.all(paths.map((path) => realpath(path))))];
}

/** Any order would do, as long as it does not depend on locale or file system. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/**
 * The files that `path` stands for, as absolute paths, sorted. Names that begin with a dot count only where
 * `path` spells them out: unfinished files have such names.
 *
 * @throws Error if there is no file
 */
export async function findFiles(path: string): Promise<string[]> {
  const absolute = resolve(path);
  const stats = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (stats?.isFile()) return [absolute];
  if (stats && !stats.isDirectory())
    throw new Error(`file_reader: ${path} is neither a file nor a directory`);
  if (!stats && !isDynamicPattern(path)) throw new Error(`file_reader: ${path} does not exist`);

  const found = stats
    ? await glob('**', { cwd: absolute, absolute: true })
    : await glob(path, { absolute: true, expandDirectories: false });
  if (found.length === 0) {
    throw new Error(`file_reader: ${stats ? `there are no files in ${path}` : `no files match ${path}`}`);
  }
  return (await withoutLinks(found)).sort(byCodeUnits);
}
