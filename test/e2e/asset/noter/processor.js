import { BatchProcessor } from '@terascope/job-components';

/** Keeps the highest `n` it has met in the metadata of the execution. */
export default class Noter extends BatchProcessor {
  async onBatch(records) {
    const { executionContext } = this.context.apis;
    const { highest = -1 } = await executionContext.getMetadata();
    const n = Math.max(highest, ...records.map((record) => record.n));
    await executionContext.setMetadata('highest', n);
    return records;
  }
}
