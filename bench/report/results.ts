import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from './chart.js';
import { describeHardware, type Hardware } from './hardware.js';
import type { JudgedRow } from './row.js';
import { table } from './table.js';

export interface Results {
  /** When the bench began, ISO 8601. */
  began: string;
  hardware: Hardware;
  /** Command line behind `npm run bench --`. */
  options: string[];
  rows: JudgedRow[];
  /** Scenarios that could not be measured, with the reason. */
  failures: Array<{ scenario: string; reason: string }>;
}

/** Everything for a person: hardware, table, and what limited each figure. */
export function describe({ began, hardware, rows, failures }: Results): string {
  const limits = rows
    .filter((row) => row.limits.length > 0)
    .map((row) => `${row.name}:\n${row.limits.map((limit) => `  - ${limit}`).join('\n')}`);
  const failed = failures.map(({ scenario, reason }) => `FAILED ${scenario}: ${reason}`);
  return [`${began}, ${describeHardware(hardware)}`, table(rows), ...limits, ...failed].join('\n\n');
}

/** Writes `latest.json`, `latest.md` and `latest.svg`; answers their paths. */
export function writeResults(directory: string, results: Results): string[] {
  mkdirSync(directory, { recursive: true });
  const svg = chart(results.rows, `median; ${describeHardware(results.hardware)}`);
  const files = {
    'latest.json': `${JSON.stringify(results, null, 2)}\n`,
    'latest.md': `${describe(results)}\n`,
    ...(svg === undefined ? {} : { 'latest.svg': `${svg}\n` }),
  };
  return Object.entries(files).map(([name, text]) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  });
}
