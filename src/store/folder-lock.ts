import { open } from 'node:fs/promises';
import { tryLock } from 'fs-native-extensions';
import { makeDirectory } from '../make-directory.js';

/** Thrown when another process has the folder. */
export class FolderLockedError extends Error {
  constructor(
    readonly folder: string,
    /** Process id of the holder; undefined if it has not written it yet. */
    readonly pid: number | undefined,
  ) {
    const holder = pid === undefined ? 'another process' : `process ${pid}`;
    super(`the store in ${folder} is in use by ${holder}; only one process at a time can open it`);
    this.name = 'FolderLockedError';
  }
}

/** Behind the process id in the lock file: Windows forbids others to read what is locked. */
const LOCKED_OFFSET = 1 << 20;

/**
 * Locks a folder for this process. The lock is the operating system's own (on an open file), so it ends
 * with the process, however that ends; the file stays and only tells who holds it.
 *
 * @returns a function that gives the lock back
 * @throws FolderLockedError if another process, or this one, holds it already
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  makeDirectory(folder);
  const file = await open(`${folder}/store.lock`, 'a+');
  try {
    if (!tryLock(file.fd, LOCKED_OFFSET, 1)) {
      const pid = Number.parseInt(await file.readFile('utf8'), 10);
      throw new FolderLockedError(folder, Number.isNaN(pid) ? undefined : pid);
    }
    await file.truncate();
    await file.write(`${process.pid}\n`);
  } catch (error) {
    await file.close();
    throw error;
  }
  return () => file.close();
}
