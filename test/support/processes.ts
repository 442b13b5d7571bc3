import { execFileSync } from 'node:child_process';
import { identify, isRunning, type ProcessIdentity } from '../../src/workers/process-identity.js';

export interface FoundProcess extends ProcessIdentity {
  command: string;
}

/** The process and all that it and its children have started; zombies do not count. */
export function descendantsOf(root: number): FoundProcess[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row))
    .filter((row) => row !== null)
    .map(([, pid, parent, command]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: command ?? '',
    }));
  const pids = new Set([root]);
  for (let size = 0; size !== pids.size;) {
    size = pids.size;
    for (const { pid, parent } of rows) if (pids.has(parent)) pids.add(pid);
  }
  return rows.flatMap(({ pid, command }) => {
    const identity = pids.has(pid) ? identify(pid) : undefined;
    return identity ? [{ ...identity, command }] : [];
  });
}

/** Those of the processes that still run. */
export const survivors = (processes: FoundProcess[]): FoundProcess[] => processes.filter(isRunning);

/** Sends a signal; a process that is gone already is no error. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
