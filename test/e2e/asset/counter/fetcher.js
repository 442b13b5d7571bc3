import { Fetcher } from '@terascope/job-components';

/** Records `{slicer, n, i}`, i = 0 … records - 1. */
export default class CounterFetcher extends Fetcher {
  async fetch({ slicer, n }) {
    return Array.from({ length: this.opConfig.records }, (_, i) => ({ slicer, n, i }));
  }
}
