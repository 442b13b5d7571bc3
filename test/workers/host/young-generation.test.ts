import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { HOST_EXEC_ARGV } from '../../../src/lean-process.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Makes garbage that lives for a while, and tells what the young generation can hold after it, in MB. */
const CHURN = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { growForRecords, holdYoungGeneration } from '${path('../../../src/workers/host/young-generation.ts')}';
  const churn = () => {
    for (let round = 0; round < 300; round++) {
      const alive = [];
      for (let i = 0; i < 20_000; i++) alive.push({ i, text: 'x' + i });
    }
    const { space_used_size, space_available_size } = getHeapSpaceStatistics().find(
      ({ space_name }) => space_name === 'new_space',
    );
    return Math.round((space_used_size + space_available_size) / 2 ** 20);
  };
  holdYoungGeneration();
  const sizes = [churn()];
  for (const records of [999, 1_000]) {
    growForRecords(records);
    sizes.push(churn());
  }
  console.log(JSON.stringify(sizes));
`;

it('is held small until a slice has many records', async () => {
  const loader = ['--import', path('../../support/typescript.mjs')];
  const args = [...HOST_EXEC_ARGV, ...loader, '--input-type=module', '--eval', CHURN];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [held, stillHeld, grown] = JSON.parse(stdout) as number[];
  expect([held, stillHeld]).toEqual([8, 8]);
  expect(grown).toBeGreaterThan(8);
});
