/**
 * `npm run conformance -- --url URL [--only TEXT]`: asks a server, Temposlice or Teraslice, what the REST reference
 * says about it, and prints a table of the answers. `--only` takes the cases whose row or request has the text.
 *
 * It submits jobs of the operations that come with Teraslice and uploads assets that have none, all of them named
 * after the run, and removes them in the end.
 *
 * Exit code 0: every answer is as expected. 1: some differ. 2: wrong usage, or the server cannot be reached.
 */
import { parseArgs } from 'node:util';
import { CASES } from './cases/index.js';
import { differences } from './check.js';
import { reportOf, type Result } from './report.js';
import { Server } from './server.js';
import { World } from './world.js';

function usage(problem: string): never {
  console.error(`${problem}\nusage: npm run conformance -- --url http://host:5678 [--only TEXT]`);
  process.exit(2);
}

function readArguments(): { url: string; only: string } {
  try {
    const { values } = parseArgs({ options: { url: { type: 'string' }, only: { type: 'string' } } });
    const { url, only = '' } = values;
    if (url === undefined || !URL.canParse(url)) return usage('--url must be the URL of a server.');
    return { url, only };
  } catch (error) {
    return usage((error as Error).message);
  }
}

const { url, only } = readArguments();
const server = new Server(url);
const kind = await server.kind().catch((error: Error) => usage(`${url}: ${error.message}`));
const world = new World(server);
const results: Result[] = [];
try {
  for (const one of CASES.filter(({ row, request }) => row.includes(only) || request.includes(only))) {
    const found = await differences(one, server, kind, world).catch((error: Error) => [error.message]);
    results.push({ case: one, differences: found });
    process.stderr.write(found.length === 0 ? '.' : 'x');
  }
} finally {
  process.stderr.write('\n');
  await world.remove();
}
console.log(reportOf(results, kind));
process.exitCode = results.some((result) => result.differences.length > 0) ? 1 : 0;
