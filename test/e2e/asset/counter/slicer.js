import { setTimeout as delay } from 'node:timers/promises';
import { ParallelSlicer } from '@terascope/job-components';

/** Counts: each slicer gives `{slicer, n}`, n = 0, 1, 2 … */
export default class Counter extends ParallelSlicer {
  isRecoverable() {
    return this.opConfig.recoverable;
  }

  async newSlicer(id) {
    const { slices, pause, stall_at: stallAt, stall } = this.opConfig;
    const last = this.recoveryData?.find(({ slicer_id: slicer }) => slicer === id)?.lastSlice;
    let n = last ? last.n + 1 : 0;
    return async () => {
      if (slices !== null && n >= slices) return null;
      if (n === stallAt) await delay(stall);
      else if (pause > 0) await delay(pause);
      return { slicer: id, n: n++ };
    };
  }
}
