import { Fetcher } from '#job-components';
import type { DataGeneratorConfig, GeneratedRecord, GeneratorSlice } from './interfaces.js';

const GROUPS = Array.from({ length: 16 }, (_, index) => `group-${index}`);

/** Knuth's multiplicative hash: neighbours lie far apart. */
const MULTIPLIER = 2654435761;

function record(id: number): GeneratedRecord {
  const value = Math.imul(id, MULTIPLIER) >>> 0;
  return { id, value, group: GROUPS[value >>> 28]! };
}

export default class DataGeneratorFetcher extends Fetcher<DataGeneratorConfig> {
  override async fetch({ start, count }: GeneratorSlice): Promise<GeneratedRecord[]> {
    return Array.from({ length: count }, (_, index) => record(start + index));
  }
}
