/**
 * The process between `temposlice start` and the embedded Temporal server, so that the server cannot outlive
 * the command, however that ends.
 *
 *   waiting ──start──▶ running ──server exits──▶ ended
 *                        │  SIGTERM, or the IPC channel breaks
 *                        ▼
 *                      ending ──server exits, or SIGKILL after 8 s or a second SIGTERM──▶ ended
 *
 * The server has a process group of its own: Ctrl-C in a terminal reaches everything in the foreground group,
 * and Temporal must go last. The pid file covers the one case left, a guard that is killed itself.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { PidFiles } from '../pid-files.js';
import { signalProcess } from '../process-identity.js';

/** First message to the guard: what to run. */
export interface GuardOrder {
  binary: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Where the server's process id is recorded. */
  pids: { directory: string; name: string };
}

const STOP_GRACE = 8_000;

let server: ChildProcess | undefined;
let ending = false;

function start(order: GuardOrder): void {
  const log = openSync(order.logFile, 'a');
  const child = spawn(order.binary, order.args, {
    env: order.env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  server = child;
  child.once('error', (error) => {
    console.error(`Temporal cannot be started: ${error.message}`);
    process.exit(1);
  });
  const pids = new PidFiles(order.pids.directory);
  child.once('exit', (code) => {
    pids.remove(order.pids.name);
    process.exit(ending ? 0 : (code ?? 1));
  });
  if (child.pid === undefined) return;
  pids.write(order.pids.name, child.pid);
}

function end(): void {
  const pid = server?.pid;
  if (pid === undefined) process.exit(0);
  signalProcess(pid, ending ? 'SIGKILL' : 'SIGTERM', true);
  if (ending) return;
  ending = true;
  setTimeout(() => signalProcess(pid, 'SIGKILL', true), STOP_GRACE);
}

// Whatever a terminal sends when it is interrupted or closed, the IPC channel tells what it means.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', end);
process.once('disconnect', end);
process.once('message', (order: GuardOrder) => start(order));
