import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { makeDirectory } from './make-directory.js';

/** A lock that another open file has, of this process or another. */
export class LockedError extends Error {
  /** For a person to read. */
  readonly holder: string;

  constructor(
    readonly path: string,
    /** Process id of the holder; undefined if it has not written it yet. */
    readonly pid: number | undefined,
  ) {
    const holder = pid === undefined ? 'another process' : `process ${pid}`;
    super(`${path} is held by ${holder}`);
    this.name = 'LockedError';
    this.holder = holder;
  }
}

/** Behind the process id in the lock file: Windows forbids others to read what is locked. */
const LOCKED_OFFSET = 1 << 20;

/**
 * Takes a lock file and returns the function that gives it back. The lock is the operating system's own (on an
 * open file), so it ends with the process, however that ends; the file stays and only tells who holds it.
 *
 * @throws LockedError if it is held
 */
export function acquireLock(path: string): () => void {
  makeDirectory(dirname(path));
  const fd = openSync(path, 'a+');
  try {
    if (!tryLock(fd, LOCKED_OFFSET, 1)) {
      const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
      throw new LockedError(path, Number.isNaN(pid) ? undefined : pid);
    }
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return () => closeSync(fd);
}
