import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { obtainTemporal } from '../../../src/workers/temporal/binary.js';
import { makeExecution, makeJob } from '../../support/executions.js';

const MASTER = fileURLToPath(new URL('../fixtures/waiting-executions.mjs', import.meta.url));

it('settles executions while more of them wait for a slicer than it has slots', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'temposlice-waiting-'));
  const executions = Array.from({ length: 12 }, () => {
    const job = makeJob();
    return { job, execution: makeExecution({ job_id: job.job_id }) };
  });
  const dist = new URL('../../../dist', import.meta.url).href;
  const order = { dist, dataDir, executions, binary: await obtainTemporal(), slots: 3, limit: 60_000 };
  const child = fork(MASTER, [JSON.stringify(order)], { execArgv: [] });
  try {
    const ended = once(child, 'exit').then(([code]) => [`it ended with ${String(code)}`]);
    const [result] = (await Promise.race([once(child, 'message'), ended])) as unknown[];
    expect(result).toEqual({ initializing: 12, stopped: 'stopped' });
  } finally {
    child.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
});
