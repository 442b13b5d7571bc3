import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Writes each text while the next one is made. */
async function append(handle: FileHandle, contents: Iterable<string>): Promise<void> {
  let writing = Promise.resolve();
  try {
    for (const text of contents) {
      await writing;
      writing = handle.appendFile(text);
    }
  } finally {
    await writing;
  }
}

async function write(handle: FileHandle, contents: Iterable<string>, gzip: boolean): Promise<void> {
  if (!gzip) return append(handle, contents);
  await pipeline(Readable.from(contents), createGzip(), async (blocks) => {
    for await (const block of blocks) await handle.appendFile(block as Buffer);
  });
}

/** A name in a directory outlives a power failure only once the directory itself is on disk. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file so that there is, at any time and whatever breaks, either what was there before or all of the
 * new contents under its name. When it returns they are on disk.
 *
 * @param part path to write to first, in the same directory; not left behind when writing fails
 */
export async function replaceFile(
  path: string,
  part: string,
  contents: Iterable<string>,
  gzip: boolean,
): Promise<void> {
  try {
    const handle = await open(part, 'wx');
    try {
      await write(handle, contents, gzip);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Removes a file, if it is there; when it returns that is on disk. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await syncDirectory(dirname(path));
}
