import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Results } from '../../bench/report/results.js';

const MAIN = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
const LOADER = new URL('../support/typescript.mjs', import.meta.url).href;

let output: string;
beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'temposlice-bench-test-'));
});
afterEach(() => rmSync(output, { recursive: true, force: true }));

async function bench(...args: string[]): Promise<{ code: number; said: string; complained: string }> {
  const child = spawn(process.execPath, ['--import', LOADER, MAIN, ...args]);
  const [said, complained] = [text(child.stdout), text(child.stderr)];
  const [code] = (await once(child, 'exit')) as [number];
  return { code, said: await said, complained: await complained };
}

it('measures a stack of its own and leaves a table, a chart and all figures', async () => {
  const { code, said, complained } = await bench(
    ...['--only', 'control', '--repetitions', '1', '--output', output],
  );
  expect({ code, complained }).toMatchObject({ code: 0 });
  expect(said).toMatch(/\| stop answered +\| s +\|/);
  const results = JSON.parse(readFileSync(join(output, 'latest.json'), 'utf8')) as Results;
  expect(results.failures).toEqual([]);
  expect(results.rows.map(({ name }) => name)).toContain('resume → next slice');
  for (const { values } of results.rows) expect(values).toHaveLength(1);
  expect(readFileSync(join(output, 'latest.svg'), 'utf8')).toContain('stop answered');
  expect(readFileSync(join(output, 'latest.md'), 'utf8')).toContain('| stop answered');
});

it('says how it is used', async () => {
  const { code, complained } = await bench('--only', 'nothing');
  expect(code).toBe(2);
  expect(complained).toMatch(/no scenario nothing: throughput, .*\nusage: npm run bench/);
});
