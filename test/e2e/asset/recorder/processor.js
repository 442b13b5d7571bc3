import { BatchProcessor } from '@terascope/job-components';
import { recording } from '../recording.js';

/** Fails once at the second slice. */
class Stumbling extends BatchProcessor {
  stumbled = false;

  async onBatch(records) {
    if (records.some(({ n }) => n === 1) && !this.stumbled) {
      this.stumbled = true;
      throw new Error('stumbled');
    }
    return records;
  }
}

export default recording(Stumbling, 'processor');
