import { FolderLockedError } from '../store/folder-lock.js';

/** Exit code of a process that cannot run as it was configured (`EX_CONFIG` of sysexits.h). */
export const EXIT_CONFIGURATION = 78;

/** Something a person has to change (a taken port, a locked folder): starting again cannot help. */
export class ConfigurationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConfigurationError';
  }
}

/** System errors that come of a port, an address or a folder that cannot be used. */
const CONFIGURATION_CODES = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTDIR', 'EEXIST', 'EROFS']);

/** True for an error that no restart can cure. */
export function isConfigurationError(error: unknown): boolean {
  if (error instanceof ConfigurationError || error instanceof FolderLockedError) return true;
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  // Below /proc, for example: a folder where none can be made.
  if (code === 'ENOENT' && syscall === 'mkdir') return true;
  return code !== undefined && CONFIGURATION_CODES.has(code);
}
