import { BatchProcessor } from '@terascope/job-components';

/** Keeps all records until it is flushed. */
export default class Hoarder extends BatchProcessor {
  hoard = [];
  flushing = false;

  onFlushStart() {
    this.flushing = true;
  }

  async onBatch(records) {
    this.hoard.push(...records);
    return this.flushing ? this.hoard.splice(0) : [];
  }
}
