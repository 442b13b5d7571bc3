import { Slicer } from '@terascope/job-components';
import { recording } from '../recording.js';

/** Gives two slices. */
class Two extends Slicer {
  made = 0;

  async slice() {
    return this.made < 2 ? { n: this.made++ } : null;
  }
}

export default recording(Two, 'slicer');
