import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestStack } from '../support/stack.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

let stack: TestStack;
let dataDir: string;
beforeAll(async () => {
  stack = await TestStack.start('--node-id', 'one');
  dataDir = mkdtempSync(join(tmpdir(), 'temposlice-node-'));
});
afterAll(async () => {
  await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

it('lets only one of two nodes with one id go on, and the other say why it ends', async () => {
  const flags = ['--node-id', 'one', '--slots', '4', '--data-dir', dataDir];
  const cluster = ['--temporal', stack.temporal, '--master', stack.url];
  const second = spawn(process.execPath, [CLI, 'node', ...cluster, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  second.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // It takes the place of the first, which is started again by the stack and takes it back.
  const [code] = (await once(second, 'close')) as [number | null];
  expect(code).toBe(78);
  expect(said).toMatch(/another node has started with the id \\"one\\" .*--node-id/);
  expect(stack.log).toMatch(/another node has started with the id \\"one\\" .*--node-id/);

  const operations = [{ _op: 'data_generator', size: 100, slice_size: 10 }, { _op: 'noop' }];
  const { ex_id } = await stack.submit({ workers: 1, operations });
  await expect(stack.ended(ex_id)).resolves.toMatchObject({ _status: 'completed' });
  expect((await stack.nodes()).map(({ node_id }) => node_id)).toEqual(['one']);
});
