/**
 * The fastest script known for what the file scenario does: a file of newline-delimited JSON through a map into
 * another, on Node streams, with the same parser and the same map as the job. All lines of a block are one chunk.
 *
 *     node stream-script.mjs INPUT OUTPUT
 *
 * It prints the processor time that it took, as `process.cpuUsage()` has it.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { mapRecord } from '../asset/bench_map/map-record.mjs';

const BLOCK_BYTES = 1024 * 1024;
const [input, output] = process.argv.slice(2);

async function* lines(chunks) {
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop();
    yield parts;
  }
  if (rest) yield [rest];
}

async function* mapped(batches) {
  for await (const batch of batches) {
    let text = '';
    for (const line of batch) text += `${JSON.stringify(mapRecord(JSON.parse(line)))}\n`;
    yield text;
  }
}

await pipeline(
  createReadStream(input, { encoding: 'utf8', highWaterMark: BLOCK_BYTES }),
  lines,
  mapped,
  createWriteStream(output),
);
console.log(JSON.stringify(process.cpuUsage()));
