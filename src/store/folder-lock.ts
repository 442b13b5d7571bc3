import { acquireLock, LockedError } from '../lock-file.js';

/** Thrown when another process has the folder. */
export class FolderLockedError extends Error {
  /** Process id of the holder; undefined if it has not written it yet. */
  readonly pid: number | undefined;

  constructor(
    readonly folder: string,
    { pid, holder }: LockedError,
  ) {
    super(`the store in ${folder} is in use by ${holder}; only one process at a time can open it`);
    this.name = 'FolderLockedError';
    this.pid = pid;
  }
}

/**
 * Locks a folder for this process and returns the function that gives it back, see {@link acquireLock}.
 * @throws FolderLockedError if another process, or this one, holds it already
 */
export function lockFolder(folder: string): () => void {
  try {
    return acquireLock(`${folder}/store.lock`);
  } catch (error) {
    throw error instanceof LockedError ? new FolderLockedError(folder, error) : error;
  }
}
