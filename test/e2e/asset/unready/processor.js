import { BatchProcessor } from '@terascope/job-components';

export default class Unready extends BatchProcessor {
  async initialize() {
    throw new Error('the cellar is locked');
  }

  async onBatch(records) {
    return records;
  }
}
