/**
 * Slices per second of a running server, from the outside: submits `data_generator` → `noop` and reads the
 * controller's statistics. Works against anything that speaks the REST API and has both operations.
 *
 *     node bench/throughput.mjs [--url http://127.0.0.1:5678] [--slices 200000] [--workers 2] [--runs 3]
 *
 * Machines are noisy: compare medians of runs made side by side, not single figures.
 */
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:5678' },
    slices: { type: 'string', default: '200000' },
    workers: { type: 'string', default: '2' },
    runs: { type: 'string', default: '3' },
  },
});
const slices = Number(values.slices);
const workers = Number(values.workers);
const RECORDS_A_SLICE = 5;
const POLL_MS = 100;

async function request(method, path, body) {
  const response = await fetch(new URL(`/v1${path}`, values.url), {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${answer.message}`);
  return answer;
}

/** One execution; timed from the first answer that says running to the first that says it ended. */
async function run() {
  const submitted = Date.now();
  const { ex_id } = await request('POST', '/jobs', {
    name: 'throughput',
    lifecycle: 'once',
    workers,
    operations: [
      { _op: 'data_generator', size: slices * RECORDS_A_SLICE, slice_size: RECORDS_A_SLICE },
      { _op: 'noop' },
    ],
  });
  let firstSlice;
  for (;;) {
    const ex = await request('GET', `/ex/${ex_id}`);
    if (['completed', 'failed', 'stopped', 'terminated'].includes(ex._status)) {
      if (ex._status !== 'completed')
        throw new Error(`the execution ended ${ex._status}: ${ex._failureReason}`);
      if (ex._slicer_stats.processed !== slices) throw new Error(`processed ${ex._slicer_stats.processed}`);
      return {
        perSecond: slices / ((Date.now() - (firstSlice ?? submitted)) / 1_000),
        startMs: firstSlice - submitted,
      };
    }
    if (firstSlice === undefined && ex._status === 'running') firstSlice = Date.now();
    await delay(POLL_MS);
  }
}

const results = [];
for (let i = 0; i < Number(values.runs); i++) {
  const { perSecond, startMs } = await run();
  results.push(perSecond);
  console.log(
    `run ${i + 1}: ${Math.round(perSecond)} slices/s with ${workers} workers, running after ${startMs} ms`,
  );
}
results.sort((a, b) => a - b);
console.log(
  `min ${Math.round(results[0])}, median ${Math.round(results[Math.floor(results.length / 2)])}, max ${Math.round(results.at(-1))} slices/s`,
);
