/**
 * The same as `stream-script.mjs` as most would write it: a stream of records, and a stage each for parsing, map and
 * serializing, as the job has them. The other one gains its lead from taking many lines at once in one stage.
 *
 *     node record-stream-script.mjs INPUT OUTPUT
 *
 * It prints the processor time that it took, as `process.cpuUsage()` has it.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { mapRecord } from '../asset/bench_map/map-record.mjs';

const [input, output] = process.argv.slice(2);

let rest = '';
const parse = new Transform({
  decodeStrings: false,
  readableObjectMode: true,
  transform(chunk, _encoding, done) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) this.push(JSON.parse(line));
    done();
  },
  flush(done) {
    if (rest) this.push(JSON.parse(rest));
    done();
  },
});

const map = new Transform({
  objectMode: true,
  transform(record, _encoding, done) {
    done(null, mapRecord(record));
  },
});

const serialize = new Transform({
  writableObjectMode: true,
  transform(record, _encoding, done) {
    done(null, `${JSON.stringify(record)}\n`);
  },
});

await pipeline(
  createReadStream(input, { encoding: 'utf8' }),
  parse,
  map,
  serialize,
  createWriteStream(output),
);
console.log(JSON.stringify(process.cpuUsage()));
