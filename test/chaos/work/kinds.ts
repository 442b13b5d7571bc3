import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../support/random.js';
import { TEST_ASSET } from '../../support/stack.js';
import { compare, expectStatus, outputOf, type Work } from './work.js';

/** Makes a job of one kind; its files go below `folder`. */
type Kind = (name: string, folder: string, random: Random) => Work;

/** Many hosts are killed here, and each is a try of the slice at hand. */
const MAX_RETRIES = 10;

const base = { assets: [TEST_ASSET], lifecycle: 'once', max_retries: MAX_RETRIES };

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** How many of the slices of `size` bytes hold only the rest of a record that began before. */
function slicesWithoutBegin(records: string[], size: number): number {
  const begins = new Set<number>();
  let bytes = 0;
  for (const record of records) {
    begins.add(Math.floor(bytes / size));
    bytes += Buffer.byteLength(record) + 1;
  }
  return Math.ceil(bytes / size) - begins.size;
}

/** Newline-delimited JSON from files to files. */
const files: Kind = (name, folder, random) => {
  const input = join(folder, 'in');
  mkdirSync(input, { recursive: true });
  const size = random.int(1_000, 3_000);
  const lines: string[] = [];
  let emptySlices = 0;
  for (let file = 0; file < 3; file++) {
    const records = range(random.int(300, 900)).map((i) =>
      JSON.stringify({ file, i, text: `record ${random.int(0, 1e9)}`, padding: 'ü'.repeat(i % 10) }),
    );
    lines.push(...records);
    emptySlices += slicesWithoutBegin(records, size);
    writeFileSync(join(input, `${file}.ldjson`), `${records.join('\n')}\n`);
  }
  const output = join(folder, 'out');
  return {
    kind: 'files',
    output,
    emptySlices,
    recoverable: true,
    stillWhenPaused: true,
    job: {
      ...base,
      name,
      workers: random.int(1, 3),
      operations: [
        { _op: 'file_reader', path: input, size },
        { _op: 'slow', ms: random.int(50, 300) },
        { _op: 'file_exporter', path: output },
      ],
    },
    complaints: (ending) => [...expectStatus(ending, 'completed'), ...compare(lines, outputOf(output).lines)],
  };
};

/** Many records, mapped to something smaller. */
const generator: Kind = (name, folder, random) => {
  const size = random.int(10_000, 60_000);
  const output = join(folder, 'out');
  return {
    kind: 'generator',
    output,
    emptySlices: 0,
    recoverable: true,
    stillWhenPaused: true,
    job: {
      ...base,
      name,
      workers: random.int(1, 3),
      operations: [
        { _op: 'data_generator', size, slice_size: random.int(50, 400) },
        { _op: 'slow', ms: random.int(5, 60) },
        { _op: 'keep_field', field: 'id' },
        { _op: 'file_exporter', path: output },
      ],
    },
    complaints: (ending) => [
      ...expectStatus(ending, 'completed'),
      ...compare(
        range(size).map((id) => `{"id":${id}}`),
        outputOf(output).lines,
      ),
    ],
  };
};

const counted = (slicers: number, slices: number, records: number, except: number[] = []): string[] =>
  range(slicers).flatMap((slicer) =>
    range(slices)
      .filter((n) => !except.includes(n))
      .flatMap((n) => range(records).map((i) => JSON.stringify({ slicer, n, i }))),
  );

/** Two slicers, and now and then a slice that takes far longer than a lease. */
const slowSlices: Kind = (name, folder, random) => {
  const slices = random.int(40, 90);
  const output = join(folder, 'out');
  return {
    kind: 'slow slices',
    output,
    emptySlices: 0,
    recoverable: true,
    stillWhenPaused: false,
    job: {
      ...base,
      name,
      slicers: 2,
      workers: random.int(2, 3),
      operations: [
        { _op: 'counter', slices, records: 5, pause: random.int(0, 50) },
        {
          _op: 'slow',
          ms: random.int(50, 200),
          long_n: [random.int(0, slices - 1)],
          long: random.int(7_000, 12_000),
        },
        { _op: 'file_exporter', path: output },
      ],
    },
    complaints: (ending) => [
      ...expectStatus(ending, 'completed'),
      ...compare(counted(2, slices, 5), outputOf(output).lines),
    ],
  };
};

/** Some slices fail however often they are tried: never `completed`, each of them in `/errors`, all else in the output. */
const poisoned: Kind = (name, folder, random) => {
  const slices = random.int(30, 60);
  const poison = [...new Set([random.int(0, slices - 1), random.int(0, slices - 1)])];
  const output = join(folder, 'out');
  return {
    kind: 'poisoned',
    output,
    emptySlices: 0,
    recoverable: false,
    stillWhenPaused: true,
    job: {
      ...base,
      name,
      max_retries: 3,
      workers: 2,
      operations: [
        { _op: 'counter', slices, records: 2 },
        { _op: 'slow', ms: random.int(20, 150) },
        { _op: 'trouble', kind: random.pick(['throw', 'throw', 'exit']), values: poison },
        { _op: 'file_exporter', path: output },
      ],
    },
    complaints: (ending) => [
      ...expectStatus(ending, 'failed'),
      ...compare(
        poison.map((n) => JSON.stringify({ slicer: 0, n })),
        ending.errors.map(({ request }) => request),
      ).map((complaint) => `errors: ${complaint}`),
      ...compare(counted(1, slices, 2, poison), outputOf(output).lines),
    ],
  };
};

/** Its slicer cannot be rebuilt: it may end `failed` for that reason, with all that was issued done, and counted. */
const fragile: Kind = (name, folder, random) => {
  const slices = random.int(60, 150);
  const output = join(folder, 'out');
  return {
    kind: 'not recoverable',
    output,
    emptySlices: 0,
    recoverable: false,
    stillWhenPaused: true,
    job: {
      ...base,
      name,
      workers: 2,
      operations: [
        { _op: 'counter', slices, recoverable: false, pause: random.int(20, 100) },
        { _op: 'slow', ms: random.int(20, 150) },
        { _op: 'file_exporter', path: output },
      ],
    },
    complaints({ execution }) {
      const { _status: status, _failureReason: reason, _slicer_stats: stats } = execution;
      const { lines } = outputOf(output);
      if (status === 'completed') return compare(counted(1, slices, 1), lines);
      if (status !== 'failed' || !reason.includes('not recoverable')) {
        return [`it ended ${status}, neither completed nor failed for its slicer: ${reason}`];
      }
      return compare(counted(1, stats.processed ?? 0, 1), lines);
    },
  };
};

/** Makes records until it is stopped. */
export const stream: Kind = (name, folder, random) => {
  const output = join(folder, 'out');
  return {
    kind: 'persistent',
    output,
    emptySlices: 0,
    recoverable: true,
    stillWhenPaused: true,
    job: {
      ...base,
      name,
      lifecycle: 'persistent',
      slicers: 2,
      workers: 2,
      operations: [
        { _op: 'counter', records: 3, pause: random.int(20, 60) },
        { _op: 'slow', ms: random.int(5, 40) },
        { _op: 'file_exporter', path: output },
      ],
    },
    complaints(ending) {
      const { lines } = outputOf(output);
      const counts = [0, 1].map((slicer) => {
        const numbers = lines.map((line) => JSON.parse(line) as { slicer: number; n: number });
        return numbers.reduce(
          (most, record) => (record.slicer === slicer ? Math.max(most, record.n + 1) : most),
          0,
        );
      });
      const expected = counts.flatMap((count, slicer) =>
        range(count).flatMap((n) => range(3).map((i) => JSON.stringify({ slicer, n, i }))),
      );
      return [...expectStatus(ending, 'completed'), ...compare(expected, lines)];
    },
  };
};

const ONCE: Kind[] = [files, files, generator, slowSlices, slowSlices, poisoned, fragile];

/** A once job of a kind that chance decides. */
export const anyWork: Kind = (name, folder, random) => random.pick(ONCE)(name, folder, random);
