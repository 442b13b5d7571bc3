import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Far more than the two minutes or so that it takes: every wait in it has a limit of its own. */
const LIMIT = 900_000;

it(
  'keeps what it promises while one fault of each kind comes down on it',
  async () => {
    const loader = pathOf('../support/typescript.mjs');
    const options = ['--each', '--seed', '20', '--layout', 'separate', '--longest', '3'];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', loader, pathOf('./main.ts'), ...options],
      { timeout: LIMIT - 10_000, maxBuffer: 2 ** 24 },
    );
    expect(stdout).toMatch(/\| Faults \| Jobs \|/);
  },
  LIMIT,
);
