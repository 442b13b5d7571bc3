import { Fetcher } from '@terascope/job-components';
import { recording } from '../recording.js';

class One extends Fetcher {
  async fetch({ n }) {
    return [{ n }];
  }
}

export default recording(One, 'fetcher');
