/**
 * `npm run bench`: measures a stack of its own, or the server at `--url`, and says how far it is from its targets.
 *
 * Exit code 0: everything was measured, whether or not targets were met. 1: a scenario failed. 2: wrong usage.
 * 130: it was interrupted, and left no results.
 */
import { fileURLToPath } from 'node:url';
import { Bench } from './bench.js';
import { parseOptions, USAGE, UsageError, type BenchOptions } from './options.js';
import { hardware } from './report/hardware.js';
import { describe, writeResults, type Results } from './report/results.js';
import { judge } from './report/row.js';
import { SCENARIOS } from './scenarios/index.js';

/** Exit code after SIGINT, as shells have it. */
const INTERRUPTED = 130;
const RESULTS = fileURLToPath(new URL('./results', import.meta.url));

async function run(options: BenchOptions, args: string[]): Promise<number> {
  const results: Results = {
    began: new Date().toISOString(),
    hardware: hardware(),
    options: args,
    rows: [],
    failures: [],
  };
  const bench = new Bench(options, (text) => process.stderr.write(`${text}\n`));
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    void bench.close();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  for (const scenario of chosen(options)) {
    try {
      results.rows.push(...(await scenario.run(bench)).map(judge));
    } catch (error) {
      if (interrupted) break;
      bench.log(`${scenario.name} failed: ${(error as Error).stack}`);
      results.failures.push({ scenario: scenario.name, reason: (error as Error).message });
      await bench.close();
    }
  }
  await bench.close();
  if (interrupted) return INTERRUPTED;
  process.stdout.write(`${describe(results)}\n`);
  const paths = writeResults(options.output ?? RESULTS, results);
  bench.log(`\nwritten: ${paths.join(', ')}`);
  return results.failures.length > 0 ? 1 : 0;
}

function chosen({ only, url }: BenchOptions) {
  return SCENARIOS.filter(
    ({ name, onlyOnDemand, remote }) =>
      (only.length > 0 ? only.includes(name) : !onlyOnDemand) && (url === undefined || remote),
  );
}

try {
  const args = process.argv.slice(2);
  const options = parseOptions(
    args,
    SCENARIOS.map(({ name }) => name),
  );
  if (options === 'list') {
    for (const { name, description, onlyOnDemand } of SCENARIOS) {
      process.stdout.write(`${name.padEnd(12)} ${description}${onlyOnDemand ? ' (only with --only)' : ''}\n`);
    }
  } else {
    process.exitCode = await run(options, args);
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n${USAGE}\n`);
  process.exitCode = 2;
}
