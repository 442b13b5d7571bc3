import { fileURLToPath } from 'node:url';
import { leave, tell } from '../leave.js';
import { environmentOf, type ReadSettings } from '../cli/options.js';
import { pino } from 'pino';
import { createLogger } from '../logger.js';
import { Stack } from './supervisor.js';
import { obtainTemporal } from './temporal/binary.js';

export interface StartOptions extends ReadSettings {
  /** File descriptor for the log lines of all processes. Default: standard output. */
  output?: number;
}

/** A stack of child processes that run this program, not yet started. */
export function createStack({ settings, explicit, output }: StartOptions): Stack {
  const destination = output === undefined ? undefined : pino.destination({ fd: output, sync: true });
  return new Stack(settings, {
    explicit,
    logger: createLogger('start', { level: settings.logLevel, destination }),
    script: fileURLToPath(new URL('../cli.js', import.meta.url)),
    environment: environmentOf,
    output,
    temporalBinary: () => obtainTemporal({ progress: tell }),
  });
}

/** Signals that come closer together are one, in ms: npm passes on what the whole process group has got already. */
const SAME_SIGNAL_MS = 500;

/**
 * Stops the stack at the first SIGINT or SIGTERM and ends this process; a second one ends it in a hurry.
 */
export function stopOnSignals(stack: Stack): void {
  let signals = 0;
  let last = -Infinity;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    const same = now - last < SAME_SIGNAL_MS;
    last = now;
    if (same) return;
    signals += 1;
    if (signals > 2) return;
    tell(signals === 1 ? `${signal}: stopping in order; once more to stop at once` : 'Stopping at once');
    stack.stop(signals === 2).then(
      () => process.exit(0),
      (error: Error) => leave(error),
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
}

/** Runs the whole stack until it is stopped by a signal or cannot go on. */
export async function runStart(options: StartOptions): Promise<void> {
  for (const warning of options.warnings) tell(`temposlice: ${warning}`);
  const stack = createStack(options);
  stopOnSignals(stack);
  try {
    await stack.start();
    tell(banner(stack));
    await stack.failed;
  } catch (error) {
    if (stack.stopping) return;
    await stack.stop();
    leave(error);
  }
}

function banner({ apiUrl, settings }: Stack): string {
  return [
    '',
    'Temposlice is ready.',
    `  REST API         ${apiUrl}`,
    `  Temporal Web UI  ${settings.temporalUiUrl || 'none'}`,
    `  Temporal         ${settings.temporal}`,
    `  Data             ${settings.dataDir}`,
    ...(settings.config ? [`  Configuration    ${settings.config}`] : []),
    '',
  ].join('\n');
}
