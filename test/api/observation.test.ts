import { hostname } from 'node:os';
import type { Counters, HostRow, NodeRow, SlicerStats } from '../../src/store/types.js';
import { job, TestApi, UNKNOWN_ID, VERSION } from './support/api.js';

const stats = (changes: Partial<SlicerStats> = {}): SlicerStats => ({
  workers_available: 0,
  workers_active: 0,
  workers_joined: 2,
  workers_reconnected: 0,
  workers_disconnected: 0,
  job_duration: 0,
  failed: 1,
  subslices: 0,
  queued: 4,
  slice_range_expansion: 0,
  processed: 11,
  slicers: 1,
  subslice_by_key: 0,
  started: '2024-01-01T00:00:00.000Z',
  ...changes,
});

const counters = (changes: Partial<SlicerStats> = {}): Counters => ({
  issued: 15,
  completed: 10,
  failed: 1,
  pending: 4,
  running: 0,
  records: [50, 50],
  times: [3, 4],
  stats: stats(changes),
});

const node = (node_id: string, changes: Partial<NodeRow> = {}): NodeRow => ({
  node_id,
  incarnation: `${node_id}-1`,
  hostname: `${node_id}.example`,
  pid: 4321,
  slots: 4,
  node_version: 'v20.11.0',
  version: VERSION,
  seen: new Date().toISOString(),
  draining: false,
  ...changes,
});

const host = (host_id: string, ex_id: string, changes: Partial<HostRow> = {}): HostRow => ({
  host_id,
  ex_id,
  node_id: 'node-a',
  incarnation: 'node-a-1',
  kind: 'worker',
  epoch: 0,
  state: 'live',
  draining: false,
  pid: 1000,
  busy: false,
  recoverable: null,
  outcome: null,
  reason: null,
  created: new Date().toISOString(),
  updated: new Date().toISOString(),
  ...changes,
});

let api: TestApi;
/** What `/healthz` hears of Temporal. */
let problem: string | null = null;
beforeAll(async () => {
  api = await TestApi.start({}, { health: async () => ({ temporal: problem }) });
});
/** Cluster state and metrics show everything there is, so each test leaves nothing behind that runs. */
afterEach(async () => {
  const { placement, executions } = api.store;
  for (const node of await placement.nodes()) await placement.removeNode(node);
  for (const { host_id } of await placement.liveHosts())
    await placement.updateHost(host_id, { state: 'ended' });
  for (const { ex_id: exId } of await executions.active())
    await executions.close(exId, 1_000, 'completed', {}, null);
});
afterAll(() => api.close());

describe('live numbers', () => {
  it('merges counters and workers', async () => {
    const { job_id, ex_id } = await api.running();
    await api.store.executions.writeCounters([{ ex_id, seq: 1, counters: counters() }]);
    await api.store.placement.exclusively((tables) =>
      tables.insertHosts([
        host('h1', ex_id, { busy: true }),
        host('h2', ex_id, { pid: 1001 }),
        host('h3', ex_id, { pid: 1002, state: 'ended' }),
        host('h4', ex_id, { pid: 1003, kind: 'slicer' }),
      ]),
    );
    const expected = [
      {
        ...stats(),
        ...{ ex_id, job_id, name: 'example', workers_available: 1, workers_active: 1, workers_joined: 3 },
        ...{ issued: 15, completed: 10, pending: 4, records: [50, 50], times: [3, 4] },
      },
    ];
    for (const path of [`/v1/jobs/${job_id}`, `/v1/ex/${ex_id}`]) {
      expect((await api.get(`${path}/slicer`)).body).toEqual(expected);
      expect((await api.get(`${path}/controller`)).body).toEqual(expected);
    }
  });

  it('has zeros before the first counters, and none when an execution ended or waits', async () => {
    const { ex_id } = await api.running();
    expect((await api.get(`/v1/ex/${ex_id}/slicer`)).body[0]).toMatchObject({
      ex_id,
      processed: 0,
      queued: 0,
    });
    await api.engine.end(ex_id, 'completed');
    api.engine.startsAfter = 0;
    const pending = await api.submit();
    api.engine.startsAfter = 1;
    for (const id of [ex_id, pending.ex_id, UNKNOWN_ID, 'no-uuid']) {
      const { body } = await api.get(`/v1/ex/${id}/slicer`);
      expect(body).toEqual({ error: 404, message: `Could not find active slicer for ex_id: ${id}` });
    }
    const job_id = UNKNOWN_ID;
    expect((await api.get(`/v1/jobs/${job_id}/slicer`)).body.message).toContain(
      'No execution was found for job',
    );
  });

  it('lists the controllers of what runs, by name and start', async () => {
    const [a, b1, b2, paused] = [
      await api.running(job({ name: 'zz-a' })),
      await api.running(job({ name: 'zz-b' })),
      await api.running(job({ name: 'zz-b' })),
      await api.running(job({ name: 'zz-c' })),
    ];
    const started = (second: number) => counters({ started: `2024-01-01T00:00:0${second}.000Z` });
    await api.store.executions.writeCounters([
      { ex_id: a.ex_id, seq: 1, counters: started(1) },
      { ex_id: b1.ex_id, seq: 1, counters: started(2) },
      { ex_id: b2.ex_id, seq: 1, counters: started(3) },
    ]);
    await api.engine.move(paused.ex_id, 'paused');
    for (const path of ['/v1/cluster/controllers', '/v1/cluster/slicers']) {
      const listed = (await api.get(path)).body.map(
        (one: { job_id: string; ex_id: string; ex: unknown }) => one.ex_id,
      );
      expect(listed.slice(0, 4)).toEqual([paused.ex_id, b2.ex_id, b1.ex_id, a.ex_id]);
    }
    await api.engine.end(a.ex_id, 'completed');
    expect(
      (await api.get('/v1/cluster/controllers')).body.map(
        (one: { job_id: string; ex_id: string; ex: unknown }) => one.ex_id,
      ),
    ).not.toContain(a.ex_id);
  });
});

describe('failed slices', () => {
  it('are listed by execution, by job and all together', async () => {
    const { job_id, ex_id } = await api.running();
    const slices = Array.from({ length: 250 }, (_, n) => ({
      ex_id,
      slice_id: `slice-${n}`,
      slicer_id: 0,
      slicer_order: n + 1,
      request: JSON.stringify({ n }),
      state: 'error' as const,
      error: 'TSError: it failed, caused by Error: no',
      retry_count: 3,
      _created: new Date(1_700_000_000_000 + n).toISOString(),
      _updated: new Date(1_700_000_000_000 + n).toISOString(),
    }));
    await api.store.failures.write(slices);
    const paths = [`/v1/ex/${ex_id}/errors`, `/v1/jobs/${job_id}/errors`, '/v1/ex/errors'];
    for (const path of paths) {
      expect((await api.get(path)).body).toHaveLength(100);
      expect((await api.get(`${path}?size=1000`)).body).toHaveLength(250);
      expect((await api.get(`${path}?size=2&from=1&sort=slicer_order:asc`)).body).toEqual([
        slices[1],
        slices[2],
      ]);
      expect((await api.get(path)).body[0]).toEqual(slices[249]);
    }
    for (const id of [UNKNOWN_ID, 'no-uuid']) expect((await api.get(`/v1/ex/${id}/errors`)).body).toEqual([]);
    expect((await api.get(`/v1/jobs/${UNKNOWN_ID}/errors`)).status).toBe(404);
  });
});

describe('the cluster', () => {
  const own = { worker_id: process.pid, pid: process.pid };
  const master = [
    { ...own, assignment: 'cluster_master' },
    { ...own, assignment: 'assets_service' },
  ];

  it('shows nodes, slots and processes', async () => {
    const { job_id, ex_id } = await api.running();
    await api.store.placement.presence(node('node-a', { hostname: hostname() }));
    await api.store.placement.presence(node('node-b', { seen: new Date(Date.now() - 60_000).toISOString() }));
    await api.store.placement.exclusively((tables) =>
      tables.insertHosts([
        host('h5', ex_id, { kind: 'slicer', pid: 71 }),
        host('h6', ex_id, { pid: 72 }),
        host('h7', ex_id, { pid: null, state: 'assigned' }),
      ]),
    );
    const { body } = await api.get('/v1/cluster/state');
    const task = { ex_id, job_id };
    expect(body).toEqual({
      'node-a': {
        node_id: 'node-a',
        hostname: hostname(),
        pid: 4321,
        node_version: 'v20.11.0',
        teraslice_version: '3.18.0',
        temposlice_version: VERSION,
        total: 4,
        available: 2,
        state: 'connected',
        active: [
          ...master,
          { ...task, worker_id: 71, assignment: 'execution_controller', pid: 71 },
          { ...task, worker_id: 72, assignment: 'worker', pid: 72 },
        ],
      },
      'node-b': expect.objectContaining({ state: 'disconnected', total: 4, available: 4, active: [] }),
    });
  });

  it('has one master also where no node is', async () => {
    await api.store.placement.presence(node('node-b'));
    const nodes = Object.values((await api.get('/v1/cluster/state')).body) as Array<{
      active: unknown[];
    }>;
    expect(nodes).toHaveLength(2);
    expect(nodes.flatMap(({ active }) => active)).toEqual(master);
  });

  it('sums up what executions did and do', async () => {
    const before = (await api.get('/v1/cluster/stats')).body.controllers;
    const [ended, running] = [await api.running(), await api.running()];
    const batch = [ended, running].map(({ ex_id }) => ({ ex_id, seq: 1, counters: counters() }));
    await api.store.executions.writeCounters(batch);
    const done = { _slicer_stats: stats({ job_duration: 7 }) };
    await api.store.executions.close(ended.ex_id, 1_000, 'completed', done, null);
    await api.store.placement.exclusively((tables) =>
      tables.insertHosts([
        host('h9', ended.ex_id, { state: 'ended', outcome: 'lost' }),
        host('h10', running.ex_id, { pid: null }),
      ]),
    );
    const { body } = await api.get('/v1/cluster/stats');
    expect(body.slicer).toEqual(body.controllers);
    expect(body.controllers).toEqual({
      processed: before.processed + 22,
      failed: before.failed + 2,
      queued: before.queued + 4,
      job_duration: before.job_duration + 7,
      workers_joined: before.workers_joined + 1,
      workers_disconnected: before.workers_disconnected + 1,
      workers_reconnected: 0,
    });
  });

  it('has metrics for Prometheus', async () => {
    const before = await api.store.executions.totals();
    const { ex_id } = await api.running();
    await api.store.executions.writeCounters([{ ex_id, seq: 1, counters: counters() }]);
    await api.store.placement.presence(node('node-a'));
    await api.store.placement.exclusively((tables) => tables.insertHosts([host('h8', ex_id)]));
    const { text, headers } = await api.get('/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain/);
    for (const line of [
      'temposlice_executions{status="running"} 1',
      'temposlice_executions{status="failed"} 0',
      `temposlice_slices{outcome="completed"} ${before.processed - before.failed + 10}`,
      `temposlice_slices{outcome="failed"} ${before.failed + 1}`,
      'temposlice_nodes 1',
      'temposlice_slots{use="used"} 1',
      'temposlice_slots{use="free"} 3',
      'temposlice_hosts{kind="worker",state="live"} 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('says whether it is well, and what is not', async () => {
    const well = await api.get('/healthz');
    expect([well.status, well.body]).toEqual([
      200,
      { status: 'ok', checks: { store: 'ok', temporal: 'ok' } },
    ]);
    problem = 'connection refused';
    const ill = await api.get('/healthz');
    expect(ill.status).toBe(503);
    expect(ill.body).toEqual({
      status: 'unavailable',
      checks: { store: 'ok', temporal: 'connection refused' },
    });
  });
});
