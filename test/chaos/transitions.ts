import { TERMINAL_STATUSES, isTerminal, type ExecutionStatus } from '../../src/store/types.js';

/** From each status the ones that may come next, beside any terminal one. */
const NEXT: Partial<Record<ExecutionStatus, ExecutionStatus[]>> = {
  pending: ['scheduling'],
  scheduling: ['initializing'],
  initializing: ['recovering', 'running', 'failing', 'paused', 'stopping'],
  recovering: ['running', 'failing', 'paused', 'stopping'],
  running: ['failing', 'paused', 'stopping'],
  failing: ['running', 'paused', 'stopping'],
  paused: ['running', 'stopping'],
};

/** What is said only of one that nobody stopped, and the other way round. */
const AFTER_STOPPING: ExecutionStatus[] = ['stopped', 'failed', 'terminated'];

/** Whether an execution that was seen as `from` may be seen as `to` later; what lay between may have been missed. */
export function mayBecome(from: ExecutionStatus, to: ExecutionStatus): boolean {
  if (from === to) return true;
  if (isTerminal(from)) return false;
  if (from === 'stopping') return AFTER_STOPPING.includes(to);
  if ((TERMINAL_STATUSES as readonly string[]).includes(to)) return true;
  return reachable(from).has(to);
}

function reachable(from: ExecutionStatus): Set<ExecutionStatus> {
  const found = new Set<ExecutionStatus>();
  const look = (status: ExecutionStatus): void => {
    for (const next of NEXT[status] ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      look(next);
    }
  };
  look(from);
  return found;
}
