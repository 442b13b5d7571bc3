import { appendFileSync } from 'node:fs';
import { BatchProcessor } from '@terascope/job-components';

/** Notes which slice it has at hand, as a sender would to write it once only. */
export default class Attempter extends BatchProcessor {
  async onBatch(records) {
    // The empty batch of a flush is no slice.
    if (records.length === 0) return records;
    const slice = this.context.apis.temposlice.currentSlice();
    const { journal, throw_at: throwAt, exit_at: exitAt } = this.opConfig;
    appendFileSync(journal, `${JSON.stringify({ ...slice, n: records[0].n })}\n`);
    if (exitAt.includes(slice.attempt)) process.exit(1);
    if (throwAt.includes(slice.attempt)) throw new Error(`attempt ${slice.attempt}`);
    return records;
  }
}
