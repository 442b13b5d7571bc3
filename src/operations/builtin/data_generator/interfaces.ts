import type { OpConfig } from '#job-components';

export interface DataGeneratorConfig extends OpConfig {
  /** Lifecycle `once`: records in total. `persistent`: records a slice. */
  size: number;
  /** Records a slice with lifecycle `once`; the last slice takes what is left. */
  slice_size: number;
}

/** The records `start` … `start + count - 1`. */
export interface GeneratorSlice {
  start: number;
  count: number;
}

/** Depends on `id` alone, so that a slice that runs again gives the same records. */
export interface GeneratedRecord {
  id: number;
  /** Pseudo-random, 0 ≤ value < 2³². */
  value: number;
  /** One of 16 names, for routing and filtering. */
  group: string;
}
