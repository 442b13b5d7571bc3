import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchProcessor } from '@terascope/job-components';

/** Takes its time for each slice. */
export default class Slow extends BatchProcessor {
  async onBatch(records) {
    // The empty batch of a flush is no slice.
    if (records.length === 0) return records;
    const { ms, long_n: numbers, long, flag } = this.opConfig;
    const isLong = records.some(({ n }) => numbers.includes(n)) && (flag === '' || existsSync(flag));
    this.note('begin', records);
    await delay(isLong ? long : ms);
    this.note('end', records);
    return records;
  }

  note(what, records) {
    const line = { what, at: Date.now(), pid: process.pid, n: records[0]?.n, slicer: records[0]?.slicer };
    if (this.opConfig.journal) appendFileSync(this.opConfig.journal, `${JSON.stringify(line)}\n`);
  }
}
