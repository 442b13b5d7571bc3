import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { opendir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/**
 * Names of unfinished files: hidden, so that no reader takes them for output, and telling which process writes
 * them, so that another one knows when nobody does any more.
 */
const PART_NAME = /^\..+\.([0-9a-f]{12})-(\d+)-\d+\.part$/;

function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/**
 * Stands for everything within which a process id means one process: the machine, its boot, and where there are
 * containers, the namespace.
 */
const PROCESS_SPACE = createHash('sha256')
  .update(hostname())
  .update(readOrEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')))
  .update(readOrEmpty(() => readlinkSync('/proc/self/ns/pid')))
  .digest('hex')
  .slice(0, 12);

let parts = 0;

/** A name that no other file has, in the directory of the finished one: renaming does not cross file systems. */
export function partName(name: string, attempt: number | undefined): string {
  parts += 1;
  return `.${name}.${attempt ?? 0}.${PROCESS_SPACE}-${process.pid}-${parts}.part`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Removes what processes of this machine left unfinished that run no more. Other machines' files are not touched. */
export async function removeLeftovers(directory: string): Promise<void> {
  for await (const { name } of await opendir(directory)) {
    const [, space, pid] = PART_NAME.exec(name) ?? [];
    if (space === PROCESS_SPACE && !isRunning(Number(pid))) await rm(join(directory, name), { force: true });
  }
}
