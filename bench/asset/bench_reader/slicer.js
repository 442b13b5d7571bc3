import { Slicer } from '#job-components';

/** Counts: `{n}`, n = 0, 1, 2 … */
export default class BenchSlicer extends Slicer {
  next = 0;

  isRecoverable() {
    return true;
  }

  async initialize(recoveryData) {
    await super.initialize(recoveryData);
    const last = recoveryData?.[0]?.lastSlice;
    if (last) this.next = last.n + 1;
  }

  async slice() {
    return this.next < this.opConfig.slices ? { n: this.next++ } : null;
  }
}
