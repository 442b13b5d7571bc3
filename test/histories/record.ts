/**
 * Records histories of small executions, one of each kind, that every later workflow must be able to replay:
 *
 *     npm run build && node --import ./test/support/typescript.mjs test/histories/record.ts FOLDER
 *
 * A workflow may only be changed so that those in all folders still replay (with `patched` of the SDK) as long as
 * executions that began before the change may be running. When what new executions command has changed, the new way
 * is recorded, too, in a folder of its own that is named after what is new:
 *
 *     without-tuning    runs that carry no numbers (`src/workflows/tuning.ts`)
 *     with-tuning       runs that carry theirs
 *     staggered         runs whose first leases have different sizes (`firstLeaseShare`)
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historiesOf, isContinued, type Recording } from '../support/histories.js';
import { kill } from '../support/processes.js';
import { TestStack, type Job } from '../support/stack.js';
import { until } from '../support/until.js';
import { anonymous } from './anonymous.js';

const CONTINUED_LIMIT = 300_000;
const ENDED_LIMIT = 180_000;

const [destination] = process.argv.slice(2);
if (!destination) throw new Error('which folder of test/histories are they for?');
const folder = fileURLToPath(new URL(`./${destination}/`, import.meta.url));
mkdirSync(folder, { recursive: true });

const stack = await TestStack.start();

/** One event a line. */
async function save(name: string, run: Recording): Promise<void> {
  const { workflowId, history } = await anonymous(run, stack.dataDir);
  const lines = history.events.map((event) => JSON.stringify(event)).join(',\n');
  const text = `{"workflowId":"${workflowId}","history":{"events":[\n${lines}\n]}}\n`;
  writeFileSync(join(folder, `${name}.json`), text);
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
  await stack.ended(ids.ex_id, ENDED_LIMIT);
  await record(name, ids.ex_id);
  return ids;
}

const pacedCounter = { _op: 'counter', slices: 16, pause: 100 };

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
  await play(
    'all-idle',
    {
      workers: 6,
      operations: [
        { _op: 'counter', slices: 600 },
        { _op: 'slow', ms: 20 },
      ],
    },
    async ({ job_id }) => {
      await stack.verb(job_id, '_pause');
      await stack.verb(job_id, '_resume');
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
  await stack.ended(recovery.ex_id, ENDED_LIMIT);
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
        { _op: 'counter', slices: 40 },
        { _op: 'slow', ms: 200 },
      ],
    },
    async () => {
      await stack.killMember('node');
    },
  );

  await play('listened-to', {
    journal: join(stack.folder('listened-to'), 'journal'),
    apis: [{ _name: 'recorder_api' }],
    operations: [{ _op: 'recorder_reader' }, { _op: 'recorder' }],
  });
  const trouble = join(stack.folder('replayed'), 'trouble');
  writeFileSync(trouble, '');
  await play(
    'replayed',
    {
      max_retries: 0,
      operations: [
        { _op: 'counter', slices: 10 },
        { _op: 'trouble', values: [1, 3], flag: trouble },
        { _op: 'slow', long_n: [8], long: 5_000 },
      ],
    },
    async ({ ex_id }) => {
      rmSync(trouble);
      await stack.request('POST', `/v1/ex/${ex_id}/errors/_replay?filter=*`);
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
