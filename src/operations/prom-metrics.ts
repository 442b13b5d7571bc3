import type { Terafoundation } from '@terascope/types';

/**
 * The foundation's metrics API as it is where an operation's process serves no metrics of its own, which is
 * Teraslice's default too: `verifyAPI()` says so, and everything else may be called without effect.
 */
export function disabledPromMetrics(warn: (message: string) => void): Terafoundation.PromMetrics {
  const nothing = (): void => undefined;
  const nothingLater = async (): Promise<void> => undefined;
  return {
    async init() {
      warn('Cannot create PromMetricsAPI because metrics are disabled.');
      return false;
    },
    set: nothing,
    inc: nothing,
    dec: nothing,
    observe: nothing,
    addGauge: nothingLater,
    addCounter: nothingLater,
    addHistogram: nothingLater,
    addSummary: nothingLater,
    hasMetric: () => false,
    deleteMetric: async () => false,
    verifyAPI: () => false,
    resetMetrics: nothing,
    shutdown: nothingLater,
    getDefaultLabels: () => ({}),
  };
}
