/**
 * Checks the output of `job.json` against the data set itself: it computes what must be there without any part
 * of the product, and compares row by row. Exits 1 if a row is missing, or there more often than it should be.
 *
 *   node examples/cities/verify.mjs [output directory, default data/examples/cities/european-union]
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { loadCities } from './prepare.mjs';

const DEFAULT_OUTPUT = 'data/examples/cities/european-union';

async function expectedRows() {
  const job = JSON.parse(await readFile(new URL('job.json', import.meta.url), 'utf8'));
  const countries = job.operations.find(({ _op }) => _op === 'filter').value;
  const cities = await loadCities();
  return cities
    .filter(({ country }) => countries.includes(country))
    .map(({ country, admin1, name, lat, lng }) => [country, admin1, name, lat, lng]);
}

async function exportedRows(directory) {
  const names = (await readdir(directory)).filter((name) => !name.startsWith('.') && name.endsWith('.csv'));
  const rows = [];
  for (const name of names) {
    for (const row of parse(await readFile(join(directory, name), 'utf8'), { from_line: 2 })) rows.push(row);
  }
  return rows;
}

/** How often each row occurs. */
function countRows(rows) {
  const counts = new Map();
  for (const row of rows) {
    const key = JSON.stringify(row);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/**
 * @param {string} directory where the job wrote
 * @returns {Promise<{ expected: number, exported: number, missing: string[], surplus: string[] }>} rows in
 *   total, and as JSON those that are not there as often as they should be, or more often
 */
export async function verifyCities(directory = DEFAULT_OUTPUT) {
  const [expected, exported] = await Promise.all([expectedRows(), exportedRows(directory)]);
  const [wanted, found] = [countRows(expected), countRows(exported)];
  return {
    expected: expected.length,
    exported: exported.length,
    missing: [...wanted.keys()].filter((row) => (found.get(row) ?? 0) < wanted.get(row)),
    surplus: [...found.keys()].filter((row) => found.get(row) > (wanted.get(row) ?? 0)),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { expected, exported, missing, surplus } = await verifyCities(process.argv[2]);
  console.log(`${expected} rows expected, ${exported} found`);
  for (const row of missing.slice(0, 5)) console.log(`missing: ${row}`);
  for (const row of surplus.slice(0, 5)) console.log(`surplus: ${row}`);
  const exact = missing.length === 0 && surplus.length === 0;
  console.log(
    exact ? 'exact: none missing, none twice' : `${missing.length} missing, ${surplus.length} surplus`,
  );
  process.exitCode = exact ? 0 : 1;
}
