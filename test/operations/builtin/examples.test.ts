import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareCities } from '../../../examples/cities/prepare.mjs';
import { verifyCities } from '../../../examples/cities/verify.mjs';
import { Directories } from '../support/directories.js';
import { createWorker, runSlice, slicesOf, validate } from './support/harness.js';
import type { TestJob } from './support/harness.js';

const directories = new Directories();
afterAll(() => directories.clean());

const example = (name: string): TestJob =>
  JSON.parse(readFileSync(new URL(`../../../examples/${name}`, import.meta.url), 'utf8')) as TestJob;

it.each(['generate.json', 'cities/job.json'])('has a valid job in %s', async (name) => {
  await validate(example(name));
});

it('exports exactly the cities that the data set has, and notices when it does not', async () => {
  const root = directories.make();
  const output = join(root, 'output');
  const { file, records } = await prepareCities(root);
  expect(records).toBeGreaterThan(100_000);

  const job = example('cities/job.json');
  Object.assign(job.operations[0]!, { path: file });
  Object.assign(job.operations.at(-1)!, { path: output });
  const worker = await createWorker(job);
  for (const slice of await slicesOf(job)) await runSlice(worker, slice);

  const exact = await verifyCities(output);
  expect(exact).toMatchObject({ exported: exact.expected, missing: [], surplus: [] });
  expect(exact.expected).toBeGreaterThan(50_000);

  const [first, second] = readdirSync(output);
  writeFileSync(join(output, 'again.csv'), readFileSync(join(output, first!)));
  rmSync(join(output, second!));
  const wrong = await verifyCities(output);
  expect(wrong.missing.length).toBeGreaterThan(0);
  expect(wrong.surplus.length).toBeGreaterThan(0);
});
