import type { Pages } from '../../src/store/types.js';

/** All of a list of the store. */
export async function listed<T>(pages: Pages<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
