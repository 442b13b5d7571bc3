import { Fetcher } from '#job-components';

/** Small records, as many as `records` says. */
export default class BenchFetcher extends Fetcher {
  async fetch({ n }) {
    return Array.from({ length: this.opConfig.records }, (_, i) => ({ n, i, text: 'a small record' }));
  }
}
