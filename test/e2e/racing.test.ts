import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { isTerminal, type ExecutionDocument, type JobDocument } from '../../src/store/types.js';
import { mayBecome } from '../chaos/transitions.js';
import { Random } from '../support/random.js';
import { TestStack, type Reply } from '../support/stack.js';
import { until } from '../support/until.js';

/**
 * Clients that want different things of one job at the same time. Which of them comes first is up to the machine; what
 * each of them asks for is drawn from a seed, RACE_SEED, and what must hold does so in any order.
 */
const SEED = Number(process.env.RACE_SEED ?? 5678);
/** Longest time a verb may take, in ms: one that waits for what will not come takes as long, and is a 503. */
const ACTION_TIMEOUT = 25_000;

const PERSISTENT = {
  lifecycle: 'persistent',
  workers: 1,
  operations: [
    { _op: 'counter', recoverable: true },
    { _op: 'delay', ms: 20 },
  ],
};

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start('--action-timeout', String(ACTION_TIMEOUT));
});
afterAll(() => stack.stop());

/** What the answers to a verb may be: a success, or that it does not apply to what the others have made of the job. */
const STATUSES: Record<string, number[]> = {
  _start: [200, 409, 410],
  _recover: [200, 409, 410],
  _stop: [200],
  _pause: [200, 404, 422],
  _resume: [200, 404, 422],
  DELETE: [200, 409, 410],
};

async function ask(jobId: string, verb: string): Promise<Reply> {
  const path = `/v1/jobs/${jobId}`;
  const reply = await (verb === 'DELETE'
    ? stack.request('DELETE', path)
    : stack.request('POST', `${path}/${verb}`));
  if (!STATUSES[verb]!.includes(reply.status)) {
    throw new Error(`${verb} answers ${reply.status}: ${JSON.stringify(reply.body)}`);
  }
  return reply;
}

const together = (jobId: string, verbs: string[]): Promise<Reply[]> =>
  Promise.all(verbs.map((verb) => ask(jobId, verb)));
const times = (count: number, ...verbs: string[]): string[] =>
  Array.from({ length: count }, (_, index) => verbs[index % verbs.length]!);
const statuses = (replies: Reply[]): number[] => replies.map(({ status }) => status).sort();

/** Those that were deleted, too. */
const executionsOf = async (jobId: string): Promise<ExecutionDocument[]> => {
  const lists = [false, true].map((deleted) =>
    stack.request<ExecutionDocument[]>('GET', `/v1/ex?filter=job_id:"${jobId}"&deleted=${deleted}&size=1000`),
  );
  return (await Promise.all(lists)).flatMap(({ body }) => body);
};

/** Looks at the executions of a job until it is told to stop. */
class Watch {
  readonly complaints: string[] = [];
  looks = 0;
  private readonly seen = new Map<string, ExecutionDocument['_status']>();
  private readonly looking: Promise<void>;
  private stopped = false;

  constructor(private readonly jobId: string) {
    this.looking = this.look();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.looking;
  }

  private async look(): Promise<void> {
    while (!this.stopped) {
      const all = await executionsOf(this.jobId);
      const active = all.filter(({ _status }) => !isTerminal(_status));
      if (active.length > 1) this.complaints.push(`${active.length} active executions`);
      for (const { ex_id, _status: now } of all) {
        const before = this.seen.get(ex_id) ?? 'pending';
        if (!mayBecome(before, now)) this.complaints.push(`${ex_id} was ${before}, and is ${now}`);
        this.seen.set(ex_id, now);
      }
      this.looks++;
      await delay(20);
    }
  }
}

it('has one active execution and no status that goes backwards, whatever clients ask for', async () => {
  const { job_id: jobId, ex_id: first } = await stack.submit(PERSISTENT);
  await stack.processed(first, 1);
  const watch = new Watch(jobId);
  const begun = new Set([first]);
  const verbs = ['_start', '_start', '_recover', '_stop', '_pause', '_pause', '_resume', '_resume', 'DELETE'];

  await Promise.all(
    Array.from({ length: 6 }, async (_, client) => {
      const random = new Random(SEED + client);
      for (let requests = 0; requests < 12; requests++) {
        // Deleted is deleted for good: only once the race is nearly over.
        const verb = random.pick(requests < 9 ? verbs.slice(0, -1) : verbs);
        const { status, body } = await ask(jobId, verb);
        if (status !== 200) continue;
        if (verb === '_start' || verb === '_recover') {
          expect(begun).not.toContain(body.ex_id);
          begun.add(body.ex_id as string);
        } else if (verb === '_stop') expect(isTerminal(body.status as string)).toBe(true);
        else if (verb !== 'DELETE') {
          expect(['paused', 'running', 'failing', 'recovering', 'completed', 'failed']).toContain(
            body.status,
          );
        }
        await delay(random.int(0, 300));
      }
    }),
  );

  await ask(jobId, '_stop');
  await watch.stop();
  expect(watch.complaints).toEqual([]);
  expect(watch.looks).toBeGreaterThan(10);
  const all = await executionsOf(jobId);
  expect(all.map(({ ex_id }) => ex_id).sort()).toEqual([...begun].sort());
  expect(all.filter(({ _status }) => !isTerminal(_status))).toEqual([]);
  for (const { ex_id } of all) {
    expect(await stack.ledger(ex_id)).toMatchObject({ balanced: true });
    await until(async () => (await stack.hosts(ex_id, 'worker')).length === 0, 30_000);
  }
}, 300_000);

it('starts a job once, for whoever comes first', async () => {
  const { job_id: jobId } = await stack.submit({
    ...PERSISTENT,
    operations: [{ _op: 'counter', slices: 1 }, { _op: 'noop' }],
  });
  await ask(jobId, '_stop');
  for (const verbs of [times(8, '_start'), times(8, '_recover'), times(8, '_start', '_recover')]) {
    const before = (await executionsOf(jobId)).length;
    expect(statuses(await together(jobId, verbs))).toEqual([200, ...times(7, '409').map(Number)]);
    expect(await executionsOf(jobId)).toHaveLength(before + 1);
    await ask(jobId, '_stop');
  }
});

it('answers pause and resume with what it has come to', async () => {
  const { job_id: jobId, ex_id: exId } = await stack.submit(PERSISTENT);
  await stack.processed(exId, 1);
  for (let round = 0; round < 5; round++) {
    const replies = await together(jobId, times(8, '_pause', '_resume'));
    expect(statuses(replies)).toEqual(times(8, '200').map(Number));
    const { _status: settled } = await stack.execution(exId);
    expect(['paused', 'running']).toContain(settled);
    // It stays so: nothing that was asked for is still to come.
    expect(await ask(jobId, settled === 'paused' ? '_pause' : '_resume')).toMatchObject({
      body: { status: settled },
    });
  }
  await ask(jobId, '_stop');
}, 300_000);

it('stops for all who want it, and tells those who want something else', async () => {
  const { job_id: jobId, ex_id: exId } = await stack.submit(PERSISTENT);
  await stack.processed(exId, 1);
  const verbs = times(12, '_stop', '_pause', '_resume', '_start');
  const replies = await together(jobId, verbs);
  const of = (verb: string): Reply[] => replies.filter((_, index) => verbs[index] === verb);
  for (const { body } of of('_stop')) expect(body).toEqual({ status: 'stopped' });
  expect((await stack.execution(exId))._status).toBe('stopped');
  expect(of('_start').filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  await ask(jobId, '_stop');
});

it('deletes a job once, and what is deleted stays so', async () => {
  const others = times(6, '_start', '_recover', 'DELETE');
  for (let round = 0; round < 4; round++) {
    const { job_id: jobId } = await stack.submit(PERSISTENT);
    await ask(jobId, '_stop');
    const { body: job } = await stack.request<JobDocument>('GET', `/v1/jobs/${jobId}`);
    const update = stack.request('PUT', `/v1/jobs/${jobId}`, { ...job, job_id: undefined, name: 'changed' });
    const replies = await together(jobId, ['DELETE', 'DELETE', 'DELETE', ...others]);
    expect([200, 410]).toContain((await update).status);
    const succeeded = replies.filter(({ status }) => status === 200);
    // Either it was deleted, or it was started: once.
    expect(succeeded).toHaveLength(1);
    const deleted = succeeded[0]!.body._deleted === true;
    const { body: after } = await stack.request<JobDocument>('GET', `/v1/jobs/${jobId}`);
    expect(after._deleted ?? false).toBe(deleted);
    expect((await executionsOf(jobId)).map(({ _deleted = false }) => _deleted)).toEqual(
      deleted ? [true] : [false, false],
    );
    await ask(jobId, '_stop');
  }
});
