import { randomUUID } from 'node:crypto';
import { makeExecution } from '../support/executions.js';
import { SOURCES, type StoreSource } from '../support/stores.js';
import type { HostRow, NodeRow, Store } from '../../src/store/index.js';

const when = '2020-01-01T00:00:00.001Z';

const makeNode = (changes: Partial<NodeRow> = {}): NodeRow => ({
  node_id: 'node-1',
  incarnation: 'first',
  hostname: 'machine',
  pid: 4_000_000,
  slots: 4,
  node_version: 'v20.11.0',
  version: '0.1.0',
  seen: when,
  draining: false,
  fence: 'connected',
  ...changes,
});

const makeHost = (changes: Partial<HostRow> = {}): HostRow => ({
  host_id: randomUUID(),
  ex_id: 'ex-1',
  node_id: 'node-1',
  incarnation: 'first',
  kind: 'worker',
  epoch: 0,
  state: 'assigned',
  draining: false,
  forced: false,
  pid: null,
  busy: false,
  recoverable: null,
  outcome: null,
  reason: null,
  created: when,
  updated: when,
  ...changes,
});

describe.each(SOURCES)('placement in %s', (_kind, makeSource) => {
  let source: StoreSource;
  let store: Store;

  beforeAll(async () => {
    source = await makeSource();
    store = await source.open();
  }, 60_000);

  afterAll(async () => {
    await store.close();
    await source.dispose();
  });

  it('records presences and tells a new incarnation from a known one', async () => {
    const { placement } = store;
    await expect(placement.presence(makeNode())).resolves.toBe(true);
    await expect(placement.presence(makeNode({ seen: '2020-01-01T00:00:02.000Z' }))).resolves.toBe(false);
    const restarted = makeNode({ incarnation: 'second', slots: 8, draining: true });
    await expect(placement.presence(restarted)).resolves.toBe(true);
    await expect(placement.presence(restarted)).resolves.toBe(false);
    await placement.presence({ ...restarted, fence: 'fenced' });
    await expect(placement.nodes()).resolves.toEqual([{ ...restarted, fence: 'fenced' }]);
    // As a node says it that knows nothing of it.
    const { fence: _, ...older } = restarted;
    await placement.presence(older);
    const other = makeNode({ node_id: 'node-0' });
    await placement.presence(other);
    await expect(placement.nodes()).resolves.toEqual([other, restarted]);
    await placement.removeNode(other);
    await expect(placement.nodes()).resolves.toEqual([restarted]);
  });

  it('gives an id to the incarnation that came last, and to no earlier one again', async () => {
    const { placement } = store;
    const start = (incarnation: string) => placement.presence(makeNode({ node_id: 'twice', incarnation }));
    for (let i = 0; i < 30; i++) await expect(start(`start ${i}`)).resolves.toBe(true);
    for (const earlier of ['start 28', 'start 10']) {
      await expect(start(earlier)).rejects.toMatchObject({
        code: 'NODE_REPLACED',
        message: expect.stringMatching(/"twice" \(process \d+ on .*--node-id/),
      });
    }
    await expect(start('start 29')).resolves.toBe(false);
    const nodes = await placement.nodes();
    expect(nodes.filter(({ node_id }) => node_id === 'twice')).toEqual([
      makeNode({ node_id: 'twice', incarnation: 'start 29' }),
    ]);
    const remove = (incarnation: string) => placement.removeNode({ node_id: 'twice', incarnation });
    await remove('start 28');
    await expect(start('start 10')).rejects.toMatchObject({ code: 'NODE_REPLACED' });
    await remove('start 29');
    await expect(start('start 10')).resolves.toBe(true);
    await remove('start 10');
  });

  it('keeps every host, and lists those that live', async () => {
    const { placement } = store;
    const first = makeHost();
    const second = makeHost({ ex_id: 'ex-2', created: '2020-01-01T00:00:02.000Z' });
    const third = makeHost({ node_id: 'node-2', created: '2020-01-01T00:00:03.000Z' });
    await placement.exclusively((tables) => tables.insertHosts([second, first, third]));
    await placement.exclusively((tables) => tables.insertHosts([]));
    await expect(placement.liveHosts()).resolves.toEqual([first, second, third]);
    await expect(placement.liveHosts({ ex_id: 'ex-1' })).resolves.toEqual([first, third]);
    await expect(placement.liveHosts({ node_id: 'node-1' })).resolves.toEqual([first, second]);
    await expect(placement.liveHosts({ node_id: 'node-1', ex_id: 'ex-2' })).resolves.toEqual([second]);
    await placement.updateHost(first.host_id, {
      state: 'ended',
      outcome: 'lost',
      reason: 'exit \0 code 1',
      updated: when,
    });
    const ended = { ...first, state: 'ended', outcome: 'lost', reason: 'exit \uFFFD code 1' };
    await expect(placement.host(first.host_id)).resolves.toEqual(ended);
    await expect(placement.liveHosts({ ex_id: 'ex-1' })).resolves.toEqual([third]);
    await expect(placement.hostsOf('ex-1')).resolves.toEqual([ended, third]);
    await expect(placement.host('none')).resolves.toBeUndefined();
  });

  it('places any number of hosts at once', async () => {
    const { placement } = store;
    const hosts = Array.from({ length: 5_000 }, () => makeHost({ ex_id: 'large' }));
    await placement.exclusively((tables) => tables.insertHosts(hosts));
    await expect(placement.hostsOf('large')).resolves.toHaveLength(5_000);
  });

  it('lets an ended host stay ended', async () => {
    const { placement } = store;
    const host = makeHost();
    await placement.exclusively((tables) => tables.insertHosts([host]));
    await placement.updateHost(host.host_id, { state: 'live', pid: 4711, busy: true });
    await expect(placement.host(host.host_id)).resolves.toMatchObject({
      state: 'live',
      pid: 4711,
      busy: true,
    });
    await expect(placement.updateHost(host.host_id, { state: 'ended', outcome: 'failed' })).resolves.toBe(
      true,
    );
    await expect(placement.updateHost(host.host_id, { state: 'live' })).resolves.toBe(false);
    await expect(placement.host(host.host_id)).resolves.toMatchObject({ state: 'ended', outcome: 'failed' });
    // A plan that was made before the end.
    await placement.exclusively(async (tables) => {
      const given = { state: 'ended', outcome: 'silent', reason: 'its node is silent' } as const;
      await expect(tables.updateHost(host.host_id, given)).resolves.toBe(false);
    });
    await expect(placement.host(host.host_id)).resolves.toMatchObject({ outcome: 'failed', reason: null });
  });

  it('notes who is busy, of those that have not ended', async () => {
    const { placement } = store;
    const [idle, busy, other, ended] = [makeHost(), makeHost(), makeHost(), makeHost()];
    await placement.exclusively((tables) =>
      tables.insertHosts([idle, { ...busy, busy: false }, { ...other, busy: true }, ended]),
    );
    await placement.updateHost(idle.host_id, { busy: true });
    await placement.updateHost(ended.host_id, { state: 'ended', busy: false });
    await placement.setBusy([
      { host_id: idle.host_id, busy: false },
      { host_id: busy.host_id, busy: true },
      { host_id: ended.host_id, busy: true },
    ]);
    const rows = await Promise.all([idle, busy, other, ended].map(({ host_id }) => placement.host(host_id)));
    expect(rows.map((row) => row?.busy)).toEqual([false, true, true, false]);
    await placement.setBusy([{ host_id: busy.host_id, busy: false }]);
    await expect(placement.host(busy.host_id)).resolves.toMatchObject({ busy: false });
    await placement.setBusy([]);
  });

  it('places in turns, all or nothing', async () => {
    const { placement, executions } = store;
    const older = makeExecution({ _created: '2020-01-01T00:00:00.000Z', workers: 3 });
    const newer = makeExecution({ _created: '2020-01-01T00:00:01.000Z', _status: 'running' });
    await executions.insert(newer);
    await executions.insert(older);
    await executions.insert(makeExecution({ _status: 'completed' }));

    const masters = source.shared ? [store, await source.open()] : [store];
    let inside = 0;
    const turns = Array.from({ length: 6 }, (_, turn) =>
      masters[turn % masters.length]?.placement.exclusively(async (tables) => {
        inside += 1;
        expect(inside).toBe(1);
        const active = (await tables.active()).filter(({ ex_id: id }) =>
          [older.ex_id, newer.ex_id].includes(id),
        );
        expect(active).toEqual([
          { ex_id: older.ex_id, status: 'pending', workers_wanted: 3 },
          { ex_id: newer.ex_id, status: 'running', workers_wanted: 2 },
        ]);
        const epoch = await tables.lastEpoch(older.ex_id);
        await tables.insertHosts([makeHost({ ex_id: older.ex_id, kind: 'slicer', epoch: epoch + 1 })]);
        await tables.insertHosts([makeHost({ ex_id: older.ex_id, epoch: 99 })]);
        expect((await tables.liveHosts()).length).toBeGreaterThan(0);
        expect(await tables.nodes()).toHaveLength(1);
        inside -= 1;
        return epoch;
      }),
    );
    expect((await Promise.all(turns)).sort()).toEqual([0, 1, 2, 3, 4, 5]);

    const [host] = await placement.liveHosts({ ex_id: older.ex_id });
    const failing = placement.exclusively(async (tables) => {
      await tables.updateHost(host?.host_id ?? '', { state: 'ended' });
      throw new Error('placement failed');
    });
    await expect(failing).rejects.toThrow('placement failed');
    await expect(placement.host(host?.host_id ?? '')).resolves.toMatchObject({ state: 'assigned' });
    for (const master of masters.slice(1)) await master.close();
  });
});
