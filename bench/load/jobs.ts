import type { BenchOptions } from '../options.js';
import type { Job } from './client.js';
import { BENCH_ASSET } from './stack.js';

const RECORDS_A_SLICE = 5;
/** More slices than any run comes to. */
export const ENDLESS = 100_000_000;

type Operation = Record<string, unknown>;

/**
 * A job for the stack that the bench starts, or, of operations that such a server has anyway, for `--url`:
 * a reader of five small records a slice and the given processors.
 */
export function job(
  options: Pick<BenchOptions, 'url' | 'assets'>,
  workers: number,
  processors: Operation[],
  slices = ENDLESS,
): Job {
  const local = options.url === undefined;
  const reader = local
    ? { _op: 'bench_reader', slices, records: RECORDS_A_SLICE }
    : { _op: 'data_generator', size: slices * RECORDS_A_SLICE, slice_size: RECORDS_A_SLICE };
  return {
    name: 'bench',
    lifecycle: 'once',
    workers,
    assets: local ? [BENCH_ASSET] : options.assets,
    operations: [reader, ...processors],
  };
}

export const NOOP: Operation = { _op: 'noop' };

/** Waits `ms` in each slice. */
export const waiting = (options: Pick<BenchOptions, 'url'>, ms: number): Operation =>
  options.url === undefined ? { _op: 'bench_wait', ms } : { _op: 'delay', ms };
