import { setTimeout as delay } from 'node:timers/promises';
import { BatchProcessor } from '#job-components';

/** Waits without work. */
export default class Wait extends BatchProcessor {
  async onBatch(records) {
    // The empty batch of a flush is no slice.
    if (records.length > 0) await delay(this.opConfig.ms);
    return records;
  }
}
