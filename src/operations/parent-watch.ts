import { Worker } from 'node:worker_threads';

/** How often the watching thread looks for the parent, in ms. */
const POLL_MS = 500;

/**
 * Plain JavaScript, for a thread of its own: it must go on while user code spins on the main thread, when
 * neither events nor signal handlers of the main thread run. The parent is named from outside: the thread may
 * start when the parent is gone already.
 */
const watch = (parent: number): string => `
  setInterval(() => {
    if (process.ppid !== ${parent}) process.kill(process.pid, 'SIGKILL');
  }, ${POLL_MS});
`;

/**
 * Makes a forked child end with its parent: at once when the IPC channel closes, and within half a second when
 * the parent is gone while the child's main thread is stuck. Ctrl-C, which a terminal sends to parent and child
 * alike, is left to the parent. Call it first thing in a child.
 */
export function dieWithParent(): void {
  const leave = (): never => process.exit(0);
  // Read here and now: the parent may be gone by the time the thread has started.
  const parent = process.ppid;
  if (!process.connected) leave();
  process.on('disconnect', leave);
  process.on('SIGINT', () => undefined);
  const watcher = new Worker(watch(parent), {
    eval: true,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
  });
  watcher.unref();
  // Without its thread a child is only less well guarded; it must not fail for it.
  watcher.on('error', () => undefined);
}
