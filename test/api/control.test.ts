import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../src/errors.js';
import type { HostRow } from '../../src/store/types.js';
import { until } from '../support/until.js';
import { job, TestApi, UNKNOWN_ID } from './support/api.js';

describe('verbs', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start({ actionTimeout: 1_500 });
  });
  afterEach(() => {
    api.engine.obedient = true;
    api.engine.startsAfter = 1;
    api.engine.outage = undefined;
  });
  afterAll(() => api.close());

  const statusOf = async (exId: string): Promise<string> => (await api.get(`/v1/ex/${exId}`)).body._status;
  const notActive = (exId: string) => ({
    error: 404,
    message: `no active execution context was found for ex_id: ${exId}`,
  });

  it('read no document while they wait', async () => {
    const { ex_id } = await api.running(job({ lifecycle: 'persistent' }));
    const { get } = api.store.executions;
    api.store.executions.get = async () => {
      throw new Error('the document was read');
    };
    const path = `/v1/ex/${ex_id}`;
    for (const verb of ['_pause', '_resume', '_workers?add=1', '_stop']) {
      expect((await api.post(`${path}/${verb}`)).status).toBe(200);
    }
    api.store.executions.get = get;
  });

  it('ask a workflow what it wants for no longer than the caller waits', async () => {
    const { ex_id } = await api.running(job({ lifecycle: 'persistent' }));
    api.engine.obedient = false;
    const limits: number[] = [];
    const { wanted } = api.engine;
    // As of a Temporal that stands still.
    api.engine.wanted = async (_exId, ms) => {
      limits.push(ms);
      await sleep(ms);
      return undefined;
    };
    expect(await api.post(`/v1/ex/${ex_id}/_pause`)).toMatchObject({
      status: 503,
      body: { message: expect.stringContaining('Timed out after 1500ms') },
    });
    expect(limits).toEqual([expect.any(Number)]);
    expect(limits[0]).toBeLessThan(1_500);
    api.engine.wanted = wanted;
    await api.engine.end(ex_id, 'stopped');
  });

  describe.each([
    ['/v1/jobs', 'job_id'],
    ['/v1/ex', 'ex_id'],
  ] as const)('under %s', (prefix, key) => {
    it('pause, resume and stop answer the settled state', async () => {
      const ids = await api.running(job({ lifecycle: 'persistent' }));
      const path = `${prefix}/${ids[key]}`;
      expect((await api.post(`${path}/_pause`)).body).toEqual({ status: 'paused' });
      expect(await statusOf(ids.ex_id)).toBe('paused');
      expect((await api.post(`${path}/_pause`)).body).toEqual({ status: 'paused' });
      expect((await api.post(`${path}/_resume`)).body).toEqual({ status: 'running' });
      expect((await api.post(`${path}/_resume`)).body).toEqual({ status: 'running' });
      expect((await api.post(`${path}/_stop`)).body).toEqual({ status: 'stopped' });
      expect(await statusOf(ids.ex_id)).toBe('stopped');
    });

    it('says that an execution which ended is not active', async () => {
      const ids = await api.running();
      await api.engine.end(ids.ex_id, 'completed');
      const path = `${prefix}/${ids[key]}`;
      for (const verb of ['_pause', '_resume', '_workers?add=1']) {
        expect((await api.post(`${path}/${verb}`)).body).toEqual(notActive(ids.ex_id));
      }
      expect((await api.post(`${path}/_stop`)).body).toEqual({ status: 'completed' });
    });

    it('changes the workers', async () => {
      const ids = await api.running();
      const kicks = api.engine.kicks;
      const workers = async (query: string): Promise<unknown> =>
        (await api.post(`${prefix}/${ids[key]}/_workers?${query}`)).body.message;
      const of = `for execution: ${ids.ex_id}`;
      expect(await workers('add=3')).toBe(`3 workers have been enqueued ${of}`);
      expect(await workers('remove=1')).toBe(`1 workers have been remove ${of}`);
      expect(await workers('total=10')).toBe(`6 workers have been enqueued ${of}`);
      expect(await workers('total=10')).toBe(`10 workers have been set ${of}`);
      expect(await workers('add=1&total=8')).toBe(`2 workers have been remove ${of}`);
      for (const same of ['8.0', '0x8', '%2B8', '%208']) {
        expect(await workers(`total=${same}`)).toBe(`8 workers have been set ${of}`);
      }
      expect(await workers('remove=8')).toBe('workers to be removed: 8 cannot be >= to current workers: 8');
      const row = await api.store.executions.get(ids.ex_id);
      expect([row!.workers_wanted, row!.doc.workers]).toEqual([8, 2]);
      expect(api.engine.wishes.at(-1)).toEqual({ exId: ids.ex_id, signal: 'setWorkers', workers: 8 });
      expect(api.engine.kicks).toBe(kicks + 9);
    });
  });

  it('answers what it has come to if another caller wants something else meanwhile', async () => {
    const { ex_id } = await api.running();
    api.engine.obedient = false;
    const told = api.engine.told(ex_id, 'pause');
    const paused = api.post(`/v1/ex/${ex_id}/_pause`);
    await told;
    expect((await api.post(`/v1/ex/${ex_id}/_resume`)).body).toEqual({ status: 'running' });
    expect((await paused).body).toEqual({ status: 'running' });
  });

  it('does not wait for a pause once a stop has begun', async () => {
    const { ex_id } = await api.running();
    api.engine.obedient = false;
    const told = api.engine.told(ex_id, 'pause');
    const paused = api.post(`/v1/ex/${ex_id}/_pause`);
    await told;
    await api.engine.move(ex_id, 'stopping');
    expect((await paused).body).toMatchObject({
      error: 422,
      message: expect.stringContaining('Cannot update running job status of "stopping" to "paused"'),
    });
    await api.engine.end(ex_id, 'stopped');
  });

  it('adds what several callers add at once', async () => {
    const { ex_id } = await api.running();
    await Promise.all(Array.from({ length: 10 }, () => api.post(`/v1/ex/${ex_id}/_workers?add=1`)));
    expect((await api.store.executions.get(ex_id))!.workers_wanted).toBe(12);
    expect(api.engine.wishes.at(-1)).toMatchObject({ signal: 'setWorkers', workers: 12 });
  });

  it.each([
    '',
    'add=',
    'add=0',
    'remove=-1',
    'total=1.5',
    'add=many',
    'add=1&add=2',
    'total=99999999999',
    'add=%20',
    'add=Infinity',
  ])('refuses _workers?%s', async (query) => {
    const { ex_id } = await api.running();
    const { body } = await api.post(`/v1/ex/${ex_id}/_workers?${query}`);
    expect(body).toEqual({
      error: 400,
      message:
        'Must provide a valid worker parameter(add/remove/total) that is a number and greater than zero',
    });
  });

  it('takes a change of workers back if the workflow cannot be told', async () => {
    const { ex_id } = await api.running();
    api.engine.outage = new CodedError('TEMPORAL_UNAVAILABLE');
    expect((await api.post(`/v1/ex/${ex_id}/_workers?add=1`)).status).toBe(503);
    expect((await api.store.executions.get(ex_id))!.workers_wanted).toBe(2);
    // It may have been told nevertheless.
    const told = api.engine.told(ex_id, 'setWorkers');
    api.engine.outage = undefined;
    await told;
    expect(api.engine.wishes.at(-1)).toEqual({ exId: ex_id, signal: 'setWorkers', workers: 2 });
  });

  it('answers 404 for ids that nothing has', async () => {
    for (const id of [UNKNOWN_ID, 'no-uuid', '%00']) {
      for (const verb of [
        '_start',
        '_stop',
        '_pause',
        '_resume',
        '_recover',
        '_workers?add=1',
        '_settings?log_level=info',
      ]) {
        expect((await api.post(`/v1/jobs/${id}/${verb}`)).status).toBe(404);
      }
      for (const verb of ['_pause', '_resume', '_workers?add=1']) {
        expect((await api.post(`/v1/ex/${id}/${verb}`)).body).toEqual(notActive(decodeURIComponent(id)));
      }
      for (const verb of ['_stop', '_recover'])
        expect((await api.post(`/v1/ex/${id}/${verb}`)).status).toBe(404);
    }
  });

  describe('stop', () => {
    it('does not wait for the end unless told to', async () => {
      const { ex_id } = await api.running();
      api.engine.obedient = false;
      const told = api.engine.told(ex_id, 'stop');
      const answer = api.post(`/v1/ex/${ex_id}/_stop?blocking=false`);
      await told;
      await api.engine.move(ex_id, 'stopping');
      expect((await answer).body).toEqual({ status: 'stopping' });
      await api.engine.end(ex_id, 'stopped');
    });

    it('answers whichever end came first', async () => {
      const { ex_id } = await api.running();
      api.engine.obedient = false;
      const told = api.engine.told(ex_id, 'stop');
      const answer = api.post(`/v1/ex/${ex_id}/_stop`);
      await told;
      await api.engine.end(ex_id, 'completed');
      expect((await answer).body).toEqual({ status: 'completed' });
    });

    it('reaches an execution whose workflow does not run yet', async () => {
      api.engine.startsAfter = 2;
      const { job_id, ex_id } = await api.submit();
      expect((await api.post(`/v1/jobs/${job_id}/_stop`)).body).toEqual({ status: 'stopped' });
      expect(api.engine.submissions.filter((id) => id === ex_id).length).toBeGreaterThanOrEqual(2);
    });

    it('waits as long as it is told', async () => {
      const { ex_id } = await api.running();
      api.engine.obedient = false;
      const { status, body } = await api.post(`/v1/ex/${ex_id}/_stop?timeout=100`);
      expect(status).toBe(503);
      expect(body.message).toBe(`Timed out after 100ms, waiting for execution ${ex_id} to be stopped`);
      expect((await api.post(`/v1/ex/${ex_id}/_stop?timeout=soon`)).status).toBe(400);
      await api.engine.end(ex_id, 'stopped');
    });

    it.each(['', 'false', 'False', '0', 'no'])('means force=%s', async (force) => {
      const { ex_id } = await api.running();
      expect((await api.post(`/v1/ex/${ex_id}/_stop?force=${force}`)).body).toEqual({ status: 'stopped' });
    });

    it.each(['true', '1', 'yes', 'please'])('forces with force=%s, as Teraslice', async (force) => {
      const { ex_id } = await api.running();
      expect((await api.post(`/v1/ex/${ex_id}/_stop?force=${force}`)).body).toEqual({
        message: `Force stop complete for exId ${ex_id}`,
        status: 'stopped',
      });
    });
  });

  it('does not wait for the end of an execution that comes to it by itself, and ends its hosts by force', async () => {
    const { ex_id } = await api.running();
    api.engine.obedient = false;
    await api.store.placement.exclusively((tables) =>
      tables.insertHosts([
        {
          ...{
            host_id: 'flushing',
            ex_id,
            node_id: 'n',
            incarnation: 'i',
            kind: 'worker',
            epoch: 0,
            state: 'live',
          },
          ...{ draining: true, pid: 1, busy: false, recoverable: null, outcome: null, reason: null },
          ...{ created: new Date().toISOString(), updated: new Date().toISOString() },
        },
      ]),
    );
    // So it is while its hosts flush: its workflow takes nothing up any more, and never says that it stops.
    await api.store.executions.setWorkersWanted(ex_id, 0);
    expect((await api.post(`/v1/ex/${ex_id}/_stop?blocking=false`)).body).toEqual({ status: 'running' });
    const answer = api.post(`/v1/ex/${ex_id}/_stop?force=true`);
    await until(async () => (await api.store.placement.host('flushing'))?.forced === true);
    await api.engine.end(ex_id, 'failed');
    expect((await answer).body).toMatchObject({ status: 'failed' });
    await api.store.placement.updateHost('flushing', { state: 'ended' });
  });

  it('has all hosts of an execution killed by force, once nobody gives it new ones', async () => {
    const [{ ex_id }, other] = [await api.running(), await api.running()];
    const host = (host_id: string, of: string, state: HostRow['state']): HostRow => ({
      ...{ host_id, ex_id: of, node_id: 'n', incarnation: 'i', kind: 'worker', epoch: 0, state },
      ...{ draining: false, pid: 1, busy: true, recoverable: null, outcome: null, reason: null },
      ...{ created: new Date().toISOString(), updated: new Date().toISOString() },
    });
    await api.store.placement.exclusively((tables) =>
      tables.insertHosts([
        host('live', ex_id, 'live'),
        host('ended', ex_id, 'ended'),
        host('of another', other.ex_id, 'live'),
      ]),
    );
    const forced = async (): Promise<string[]> =>
      [...(await api.store.placement.hostsOf(ex_id)), ...(await api.store.placement.hostsOf(other.ex_id))]
        .filter((row) => row.forced && row.draining)
        .map((row) => row.host_id);
    api.engine.obedient = false;
    const told = api.engine.told(ex_id, 'stop');
    const answer = api.post(`/v1/ex/${ex_id}/_stop?force=true`);
    await told;
    expect(await forced()).toEqual([]);
    await api.engine.move(ex_id, 'stopping');
    await until(async () => (await forced()).length > 0);
    expect(await forced()).toEqual(['live']);
    await api.engine.end(ex_id, 'stopped');
    expect((await answer).body.status).toBe('stopped');
    // What ended keeps its status, and nothing is done to it.
    expect((await api.post(`/v1/ex/${ex_id}/_stop?force=true`)).body).toMatchObject({ status: 'stopped' });
    for (const host_id of ['live', 'of another'])
      await api.store.placement.updateHost(host_id, { state: 'ended' });
  });

  it('says when Temporal cannot be reached', async () => {
    const { ex_id } = await api.running();
    api.engine.outage = new CodedError('TEMPORAL_UNAVAILABLE');
    const { status, body } = await api.post(`/v1/ex/${ex_id}/_pause`);
    expect([status, body.error]).toEqual([503, 503]);
  });

  it('says when the state does not settle', async () => {
    const { ex_id } = await api.running();
    api.engine.obedient = false;
    const { status, body } = await api.post(`/v1/ex/${ex_id}/_pause`);
    expect(status).toBe(503);
    expect(body.message).toBe(`Timed out after 1500ms, waiting for execution ${ex_id} to be paused`);
  });

  it('says when the execution ended instead of pausing', async () => {
    const { ex_id } = await api.running();
    api.engine.obedient = false;
    const told = api.engine.told(ex_id, 'pause');
    const answer = api.post(`/v1/ex/${ex_id}/_pause`);
    await told;
    await api.engine.end(ex_id, 'completed');
    const { status, body } = await answer;
    expect(status).toBe(422);
    expect(body.message).toBe(
      `Unable to set execution ${ex_id} status code to paused, caused by TSError: Cannot update terminal job status of "completed" to "paused"`,
    );
  });

  it('does not wait for a pause of what is stopping', async () => {
    const { ex_id } = await api.running();
    await api.engine.move(ex_id, 'stopping');
    expect((await api.post(`/v1/ex/${ex_id}/_pause`)).status).toBe(422);
    expect((await api.post(`/v1/ex/${ex_id}/_resume`)).status).toBe(422);
  });

  it('sets the log level', async () => {
    const { job_id, ex_id } = await api.running();
    expect((await api.post(`/v1/jobs/${job_id}/_settings?log_level=debug`)).body).toEqual({
      exId: ex_id,
      level: 'debug',
    });
    expect(api.engine.wishes.at(-1)).toEqual({ exId: ex_id, signal: 'setLogLevel', level: 'debug' });
    expect((await api.post(`/v1/jobs/${job_id}/_settings?log_level=loud`)).body).toEqual({
      error: 400,
      message: 'Invalid log level "loud", must be one of: trace, debug, info, warn, error, fatal',
    });
  });

  describe('start', () => {
    it('runs the job as it is now, once at a time', async () => {
      const { job_id, ex_id } = await api.running();
      const conflict = await api.post(`/v1/jobs/${job_id}/_start`);
      expect(conflict.body).toEqual({
        error: 409,
        message: `Job ${job_id} is currently running, cannot have the same job concurrently running`,
      });
      await api.engine.end(ex_id, 'completed');
      await api.call('PUT', `/v1/jobs/${job_id}`, { body: job({ workers: 5 }) });

      const answers = await Promise.all([1, 2, 3].map(() => api.post(`/v1/jobs/${job_id}/_start`)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
      const started = answers.find(({ status }) => status === 200)!.body;
      expect(started.job_id).toBe(job_id);
      expect(started.ex_id).not.toBe(ex_id);
      const latest = (await api.get(`/v1/jobs/${job_id}/ex`)).body;
      expect(latest).toMatchObject({ ex_id: started.ex_id, workers: 5 });
      expect(latest).not.toHaveProperty('recovered_execution');
    });

    it('validates the job again', async () => {
      const { job_id } = (await api.post('/v1/jobs?start=false', { body: job() })).body;
      const stored = (await api.store.jobs.get(job_id))!;
      await api.store.jobs.replace({ ...stored, operations: [{ _op: 'removed' }, { _op: 'noop' }] });
      const { status, body } = await api.post(`/v1/jobs/${job_id}/_start`);
      expect([status, body.message]).toEqual([400, 'Unable to find module for operation: removed']);
    });
  });
});
