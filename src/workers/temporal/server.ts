import { fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { compiledPath } from '../../compiled-path.js';
import type { PidFiles } from '../pid-files.js';
import type { SupervisedOptions } from '../supervised-process.js';
import type { GuardOrder } from './guard.js';
import { prepareServer, serverArguments, serverEnvironment, type ServerLayout } from './server-setup.js';

export interface EmbeddedServerOptions extends ServerLayout {
  /** Path of the Temporal CLI. */
  binary: string;
  dataDir: string;
  pids: PidFiles;
  onEvent?: SupervisedOptions['onEvent'];
}

/** Name of the server's pid file, which its guard writes. */
const SERVER = 'temporal';
const START_LIMIT = 60_000;
const STOP_GRACE = 12_000;

/**
 * How the embedded Temporal server of a data directory is started (through its guard process), known to be ready and
 * ended. A restart keeps ports and database, so clients only see an interruption. Its log: `logs/temporal.log`.
 */
export function temporalProcess(options: EmbeddedServerOptions): SupervisedOptions {
  const { binary, dataDir, pids, onEvent } = options;
  const logFile = join(dataDir, 'logs', 'temporal.log');
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  mkdirSync(join(dataDir, 'temporal'), { recursive: true });
  const order: GuardOrder = {
    binary,
    args: serverArguments(options, join(dataDir, 'temporal', 'temporal.db')),
    env: serverEnvironment(),
    logFile,
    pids: { directory: pids.directory, name: SERVER },
  };
  return {
    name: 'temporal-guard',
    pids,
    spawn: async () => {
      // A guard that was killed leaves its server behind, and the ports taken.
      await pids.end(SERVER);
      const guard = fork(GUARD, [], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      guard.send(order);
      return guard;
    },
    ready: async (_guard, signal) => {
      try {
        await prepareServer(binary, options, START_LIMIT, signal);
      } catch (error) {
        throw new Error(`${(error as Error).message}; its log: ${logFile}`, { cause: error });
      }
    },
    stopGrace: STOP_GRACE,
    // A killed guard could not end its server.
    hurrySignal: 'SIGTERM',
    startsInVain: 3,
    onEvent,
  };
}

const GUARD = compiledPath('./guard.js', import.meta.url);
