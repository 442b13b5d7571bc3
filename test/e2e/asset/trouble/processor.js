import { existsSync } from 'node:fs';
import { BatchProcessor, TSError } from '@terascope/job-components';

const kinds = {
  throw(record) {
    const cause = new Error(`cannot digest ${JSON.stringify(record)}`);
    throw new Error('indigestion', { cause });
  },
  fatal() {
    throw new TSError('beyond repair', { fatalError: true });
  },
  exit() {
    process.exit(1);
  },
  memory() {
    const hoard = [];
    for (;;) hoard.push(new Array(100_000).fill(hoard.length));
  },
  loop() {
    for (;;);
  },
};

/** Passes records on, unless it meets one that is to make trouble. */
export default class Trouble extends BatchProcessor {
  async onBatch(records) {
    const { kind, field, values, flag } = this.opConfig;
    const culprit = records.find((record) => values.includes(record[field]));
    if (culprit && (flag === '' || existsSync(flag))) kinds[kind](culprit);
    return records;
  }
}
