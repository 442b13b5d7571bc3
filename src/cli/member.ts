import { once } from 'node:events';
import { createLogger } from '../logger.js';
import { dieWithParent } from '../operations/parent-watch.js';
import type { Settings } from '../settings.js';
import type { ReadSettings } from './options.js';
import { EXIT_CONFIGURATION, isConfigurationError } from '../workers/configuration-error.js';

/** A part of the cluster that runs. */
export interface Running {
  stop(): Promise<void>;
}

/**
 * Runs a master or a node as this process.
 *
 *   starting ──▶ up (told to the supervisor, if there is one) ──SIGTERM──▶ stopping ──▶ exit 0
 *
 * Under a supervisor Ctrl-C is left to it, the process ends when the supervisor is gone, and it may be started before what
 * it needs: any message from the supervisor says that this is there. Without one, Ctrl-C stops like SIGTERM. A
 * second signal ends the process at once.
 *
 * @param run gets a promise that resolves when what it needs (Temporal, a master) may be contacted
 */
export async function runMember(
  name: 'master' | 'node',
  { settings, warnings }: Pick<ReadSettings, 'settings' | 'warnings'>,
  run: (settings: Settings, needed: Promise<unknown>) => Promise<Running>,
): Promise<void> {
  const logger = createLogger(name, { level: settings.logLevel });
  const supervised = process.connected;
  // A supervisor has said them already.
  if (!supervised) for (const warning of warnings) logger.warn(warning);
  let running: Running | undefined;
  let stopping = false;

  const stop = async (): Promise<void> => {
    if (stopping || !running) process.exit(stopping ? 1 : 0);
    stopping = true;
    await running.stop();
    process.exit(0);
  };
  const fail = (error: unknown): never => {
    logger.fatal({ err: error }, `the ${name} cannot go on: ${(error as Error)?.message ?? String(error)}`);
    process.exit(isConfigurationError(error) ? EXIT_CONFIGURATION : 1);
  };
  const onSignal = (): void => void stop().catch(fail);

  process.on('SIGTERM', onSignal);
  if (supervised) dieWithParent();
  else process.on('SIGINT', onSignal);
  try {
    running = await run(settings, supervised ? once(process, 'message') : Promise.resolve());
  } catch (error) {
    fail(error);
  }
  process.send?.('up');
}
