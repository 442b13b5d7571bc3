import { BatchProcessor } from '#job-components';
import { work } from './work.mjs';

/** Keeps a processor busy. */
export default class Cpu extends BatchProcessor {
  async onBatch(records) {
    if (records.length > 0) records[0].x = work(this.opConfig.rounds, records[0].n);
    return records;
  }
}
