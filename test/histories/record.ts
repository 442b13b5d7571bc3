/**
 * Records histories of small executions, one of each kind, that every later workflow must be able to replay:
 *
 *     npm run build && node --import ./test/support/typescript.mjs test/histories/record.ts
 *
 * A workflow may only be changed so that these still replay (with `patched` of the SDK) as long as executions that
 * began before the change may be running. Before the first release they are simply recorded anew.
 */
import { writeFileSync } from 'node:fs';
import { historiesOf, isContinued, type Recording } from '../support/histories.js';
import { kill } from '../support/processes.js';
import { TestStack, type Job } from '../support/stack.js';
import { until } from '../support/until.js';
import { anonymous } from './anonymous.js';

const CONTINUED_LIMIT = 300_000;

const stack = await TestStack.start();

/** One event a line. */
async function save(name: string, run: Recording): Promise<void> {
  const { workflowId, history } = await anonymous(run, stack.dataDir);
  const lines = history.events.map((event) => JSON.stringify(event)).join(',\n');
  const text = `{"workflowId":"${workflowId}","history":{"events":[\n${lines}\n]}}\n`;
  writeFileSync(new URL(`./${name}.json`, import.meta.url), text);
  console.log(`${name}: ${history.events.length} events`);
}

async function record(name: string, exId: string, run = 0): Promise<void> {
  const runs = await historiesOf(stack.temporal, [exId]);
  await save(name, runs[run] as Recording);
}

/** Runs a job to its end, with something happening to it after a few slices. */
async function play(name: string, job: Job, act?: (ids: { job_id: string; ex_id: string }) => Promise<void>) {
  const ids = await stack.submit({ workers: 2, ...job });
  if (act) {
    await stack.processed(ids.ex_id, 5);
    await act(ids);
  }
  await stack.ended(ids.ex_id, 120_000);
  await record(name, ids.ex_id);
  return ids;
}

const pacedCounter = { _op: 'counter', slices: 40, pause: 100 };

try {
  await play('completed', { operations: [{ _op: 'counter', slices: 20 }, { _op: 'noop' }] });
  await play(
    'controlled',
    { lifecycle: 'persistent', operations: [{ _op: 'counter', pause: 50 }, { _op: 'noop' }] },
    async ({ job_id }) => {
      await stack.verb(job_id, '_pause');
      await stack.verb(job_id, '_resume');
      await stack.verb(job_id, '_workers?add=1');
      await stack.verb(job_id, '_stop');
    },
  );
  const failed = await play('failed', {
    max_retries: 1,
    operations: [
      { _op: 'counter', slices: 20 },
      { _op: 'trouble', kind: 'exit', values: [3] },
    ],
  });
  const recovery = await stack.verb<{ ex_id: string }>(failed.job_id, '_recover');
  await stack.ended(recovery.ex_id);
  await record('recovered', recovery.ex_id);
  await play('long-slice', {
    operations: [
      { _op: 'counter', slices: 10 },
      { _op: 'slow', long_n: [2], long: 9_000 },
    ],
  });
  await play('slicer-lost', { operations: [pacedCounter, { _op: 'noop' }] }, async ({ ex_id }) => {
    for (const pid of await stack.hosts(ex_id, 'slicer')) kill(pid, 'SIGKILL');
  });
  await play(
    'node-lost',
    {
      operations: [
        { ...pacedCounter, pause: 0 },
        { _op: 'slow', ms: 200 },
      ],
    },
    async () => {
      await stack.killMember('node');
    },
  );

  const long = await stack.submit({
    lifecycle: 'persistent',
    workers: 2,
    operations: [{ _op: 'counter', pause: 10 }, { _op: 'noop' }],
  });
  await until(() => isContinued(stack.temporal, long.ex_id), CONTINUED_LIMIT, 500);
  await record('continued', long.ex_id, 1);
  await stack.verb(long.job_id, '_stop');
} finally {
  await stack.stop();
}
