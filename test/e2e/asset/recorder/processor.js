import { BatchProcessor } from '@terascope/job-components';
import { recording } from '../recording.js';

/** Fails at its second batch, whichever slice that is. */
class Stumbling extends BatchProcessor {
  batches = 0;

  async initialize() {
    await super.initialize();
    for (const event of ['slice:success', 'worker:shutdown']) {
      this.events.on(event, () => this.note(event));
    }
  }

  async onBatch(records) {
    if (++this.batches === 2) throw new Error('stumbled');
    return records;
  }
}

export default recording(Stumbling, 'processor');
