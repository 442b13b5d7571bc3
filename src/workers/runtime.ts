import { DefaultLogger, Runtime, makeTelemetryFilterString } from '@temporalio/worker';
import type { Logger } from '../logger.js';

/** Installs the SDK's runtime for this process: its log lines go where ours go, and signals are left to us. */
export function installRuntime(logger: Logger): void {
  const log = logger.child({ component: 'temporal-sdk' });
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      if (message.startsWith('No workflows registered')) return;
      const write = level === 'ERROR' ? log.error.bind(log) : log.warn.bind(log);
      const { error, ...fields } = meta ?? {};
      // Under the name by which the logger knows how to print it.
      write({ ...fields, ...(error === undefined ? {} : { err: error }) }, message);
    }),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
    },
  });
}
