import { randomUUID } from 'node:crypto';
import { type HostRow, NODE_SILENT_MS, type NodeRow } from '../../../src/store/types.js';
import {
  plan,
  type PlacedExecution,
  type Plan,
  type Situation,
} from '../../../src/workers/placement/plan.js';

const NOW = Date.parse('2024-01-01T00:00:00.000Z');
const FENCE = 30_000;

/** A node with its last presence `silence` ms ago. */
const node = (id: string, slots: number, changes: Partial<NodeRow> = {}, silence = 0): NodeRow => ({
  node_id: id,
  incarnation: `${id}-1`,
  hostname: 'machine',
  pid: 1,
  slots,
  node_version: 'v20.11.0',
  version: '0.1.0',
  seen: new Date(NOW - silence).toISOString(),
  draining: false,
  ...changes,
});

const host = (
  exId: string,
  nodeId: string,
  kind: HostRow['kind'],
  changes: Partial<HostRow> = {},
): HostRow => ({
  host_id: randomUUID(),
  ex_id: exId,
  node_id: nodeId,
  incarnation: `${nodeId}-1`,
  kind,
  epoch: 1,
  state: 'live',
  draining: false,
  pid: 1,
  busy: false,
  recoverable: null,
  outcome: null,
  reason: null,
  created: '',
  updated: '',
  ...changes,
});

const execution = (
  id: string,
  workers: number,
  status: PlacedExecution['status'] = 'running',
): PlacedExecution => ({
  ex_id: id,
  status,
  workers_wanted: workers,
});

const planFor = (situation: Partial<Situation>): Plan =>
  plan({
    now: NOW,
    nodes: [],
    hosts: [],
    executions: [],
    trustSilence: true,
    trustFence: true,
    fenceTimeout: FENCE,
    ...situation,
  });

const placed = ({ insert }: Plan): string[] =>
  insert.map(({ kind, ex_id, node_id }) => `${kind} of ${ex_id} on ${node_id}`);
const losses = ({ lost }: Plan): string[] => lost.map(({ host_id }) => host_id);
const NOTHING: Plan = { insert: [], drain: [], lost: [], waiting: [], forget: [] };

it('places one slicer and as many workers as are wanted', () => {
  const { insert } = planFor({ nodes: [node('a', 8)], executions: [execution('x', 3)] });
  expect(insert.map(({ kind }) => kind)).toEqual(['slicer', 'worker', 'worker', 'worker']);
  expect(insert[0]).toMatchObject({ incarnation: 'a-1', state: 'assigned', draining: false, pid: null });
  expect(new Set(insert.map(({ host_id }) => host_id)).size).toBe(4);
});

it('changes nothing when everything is as it should be', () => {
  const hosts = [host('x', 'a', 'slicer'), host('x', 'a', 'worker'), host('x', 'a', 'worker')];
  expect(planFor({ nodes: [node('a', 4)], hosts, executions: [execution('x', 2)] })).toEqual(NOTHING);
});

it('counts a host as lost that may have worked, though no master heard of it', () => {
  const at = (ms: number): string => new Date(NOW - ms).toISOString();
  const outcomeOf = (changes: Partial<HostRow>): unknown =>
    planFor({ nodes: [], hosts: [host('x', 'gone', 'worker', changes)] }).lost[0]?.outcome;
  expect(outcomeOf({ state: 'assigned', created: at(1_000) })).toBe('flushed');
  expect(outcomeOf({ state: 'assigned', created: at(20_000) })).toBe('lost');
  expect(outcomeOf({ state: 'starting', created: at(1_000) })).toBe('lost');
  expect(outcomeOf({ state: 'live', created: at(1_000) })).toBe('lost');
});

it('tells which executions wait for a slicer, in the order in which they will get one', () => {
  const executions = ['w', 'x', 'y', 'z'].map((id) => execution(id, 1));
  const hosts = [host('y', 'a', 'slicer')];
  const { insert, waiting } = planFor({ nodes: [node('a', 2)], hosts, executions });
  expect(insert.filter(({ kind }) => kind === 'slicer').map(({ ex_id }) => ex_id)).toEqual(['w']);
  expect(waiting).toEqual(['x', 'z']);
});

it('gives every execution a slicer and its first worker before any its second', () => {
  const executions = ['x', 'y', 'z'].map((id) => execution(id, 8));
  expect(placed(planFor({ nodes: [node('a', 4)], executions }))).toEqual([
    'slicer of x on a',
    'slicer of y on a',
    'slicer of z on a',
    'worker of x on a',
    'worker of y on a',
    'worker of z on a',
    'worker of x on a',
  ]);
});

it('gives no workers to an execution for whose slicer there is no room', () => {
  expect(
    placed(planFor({ nodes: [node('a', 1)], executions: [execution('x', 1), execution('y', 1)] })),
  ).toEqual(['slicer of x on a', 'worker of x on a']);
  // Were the free slot given to y, its worker would wait for a slicer that never comes.
  const hosts = [host('w', 'a', 'slicer'), host('x', 'a', 'slicer')];
  const executions = [execution('w', 1), execution('x', 1), execution('y', 1)];
  expect(placed(planFor({ nodes: [node('a', 2)], hosts, executions }))).toEqual([
    'worker of w on a',
    'worker of x on a',
  ]);
});

it('spreads hosts over the nodes with most room', () => {
  const steps = planFor({ nodes: [node('a', 2), node('b', 3)], executions: [execution('x', 4)] });
  const workers = steps.insert.filter(({ kind }) => kind === 'worker').map(({ node_id }) => node_id);
  expect(workers.sort()).toEqual(['a', 'a', 'b', 'b']);
});

it('drains the newest of too many workers', () => {
  const hosts = [host('x', 'a', 'slicer'), ...Array.from({ length: 3 }, () => host('x', 'a', 'worker'))];
  const { drain, insert } = planFor({ nodes: [node('a', 4)], hosts, executions: [execution('x', 1)] });
  expect([drain, insert]).toEqual([[hosts[2]?.host_id, hosts[3]?.host_id], []]);
});

it.each([
  ['stopping', [execution('x', 2, 'stopping')]],
  ['finished', []],
  ['without workers', [execution('x', 0)]],
])('drains everything of an execution that is %s, once', (_how, executions) => {
  const hosts = [host('x', 'a', 'slicer'), host('x', 'a', 'worker')];
  const { drain, insert } = planFor({ nodes: [node('a', 4)], hosts, executions });
  expect([drain, insert]).toEqual([hosts.map(({ host_id }) => host_id), []]);
  const draining = hosts.map((row) => ({ ...row, draining: true }));
  expect(planFor({ nodes: [node('a', 4)], hosts: draining, executions })).toEqual(NOTHING);
});

it('keeps the hosts of an execution that is paused', () => {
  const hosts = [host('x', 'a', 'slicer'), host('x', 'a', 'worker')];
  expect(planFor({ nodes: [node('a', 2)], hosts, executions: [execution('x', 1, 'paused')] })).toEqual(
    NOTHING,
  );
});

it('moves everything off a node that drains, and places nothing there', () => {
  const hosts = [host('x', 'a', 'slicer'), host('x', 'a', 'worker')];
  const steps = planFor({
    nodes: [node('a', 4, { draining: true }), node('b', 4)],
    hosts,
    executions: [execution('x', 1)],
  });
  expect(steps.drain).toEqual(hosts.map(({ host_id }) => host_id));
  expect(placed(steps)).toEqual(['slicer of x on b', 'worker of x on b']);
});

it('counts hosts that still drain against the capacity of their node', () => {
  const hosts = [host('x', 'a', 'slicer'), host('y', 'a', 'worker', { draining: true })];
  expect(planFor({ nodes: [node('a', 1)], hosts, executions: [execution('x', 1)] })).toEqual(NOTHING);
});

describe('a node that is silent', () => {
  const silent = (changes: Partial<HostRow>, silence: number, more: Partial<Situation> = {}) => {
    const hosts = [host('x', 'a', 'slicer', changes), host('x', 'a', 'worker')];
    const nodes = [node('a', 4, {}, silence), node('b', 4)];
    const steps = planFor({ nodes, hosts, executions: [execution('x', 1)], ...more });
    return { hosts, steps, ids: hosts.map(({ host_id }) => host_id) };
  };

  it('loses its hosts to another', () => {
    const { steps, ids } = silent({ recoverable: true }, NODE_SILENT_MS + 1);
    expect(losses(steps)).toEqual(ids);
    expect(placed(steps)).toEqual(['slicer of x on b', 'worker of x on b']);
  });

  it('keeps them while it is only late', () => {
    expect(silent({ recoverable: true }, NODE_SILENT_MS - 1).steps).toEqual(NOTHING);
  });

  it('keeps them while the silence may be ours, and gets nothing new', () => {
    const untrusted = { trustSilence: false, executions: [execution('x', 2)] };
    const { steps } = silent({ recoverable: true }, 600_000, untrusted);
    expect([losses(steps), placed(steps)]).toEqual([[], ['worker of x on b']]);
  });

  it('keeps a slicer that cannot be built anew until it has certainly ended it', () => {
    const early = silent({ recoverable: false }, FENCE + NODE_SILENT_MS);
    expect(losses(early.steps)).toEqual([early.ids[1]]);
    expect(placed(early.steps)).toEqual(['worker of x on b']);
    const late = silent({ recoverable: false }, FENCE + NODE_SILENT_MS + 1);
    expect(losses(late.steps)).toEqual(late.ids);
  });

  it('loses a slicer that has not been asked for anything yet', () => {
    expect(losses(silent({ recoverable: null }, NODE_SILENT_MS + 1).steps)).toHaveLength(2);
  });
});

it('replaces what a node hosted before it was started anew, however lately it was seen', () => {
  const hosts = [host('x', 'a', 'slicer', { recoverable: false }), host('x', 'a', 'worker')];
  const steps = planFor({
    nodes: [node('a', 2, { incarnation: 'a-2' })],
    hosts,
    executions: [execution('x', 1)],
    trustSilence: false,
  });
  expect(losses(steps)).toEqual(hosts.map(({ host_id }) => host_id));
  expect(steps.insert.map(({ incarnation }) => incarnation)).toEqual(['a-2', 'a-2']);
});

describe('a node that is gone', () => {
  const forgotten = (nodes: NodeRow[], more: Partial<Situation> = {}): string[] =>
    planFor({ nodes, ...more }).forget.map(({ node_id }) => node_id);
  const LONG = 300_001;

  it('is forgotten at once if it was stopped in order, else after a while', () => {
    const draining = { draining: true };
    const nodes = [
      node('stopped', 4, draining, NODE_SILENT_MS + 1),
      node('stopping', 4, draining, NODE_SILENT_MS),
      node('crashed', 4, {}, NODE_SILENT_MS + 1),
      node('crashed long ago', 4, {}, LONG),
    ];
    expect(forgotten(nodes)).toEqual(['stopped', 'crashed long ago']);
  });

  it('is remembered as long as something may run there, or the silence may be ours', () => {
    const nodes = [node('a', 4, { draining: true }, LONG)];
    expect(forgotten(nodes, { hosts: [host('x', 'a', 'worker')] })).toEqual([]);
    expect(forgotten(nodes, { trustSilence: false })).toEqual([]);
  });
});

it('counts hosts of a node that nobody knows as lost', () => {
  const hosts = [host('x', 'gone', 'worker')];
  expect(losses(planFor({ hosts, executions: [execution('x', 1)] }))).toEqual([hosts[0]?.host_id]);
});

it('places nothing on a node that does not reach Temporal', () => {
  for (const fence of ['holding', 'fenced'] as const) {
    const nodes = [node('a', 8, { fence }), node('b', 1)];
    const steps = planFor({ nodes, executions: [execution('x', 3)] });
    expect(placed(steps)).toEqual(['slicer of x on b', 'worker of x on b']);
  }
});

describe('a node that is cut off from Temporal', () => {
  const slicer = (exId: string, changes: Partial<HostRow> = {}): HostRow =>
    host(exId, 'a', 'slicer', changes);
  const cutOff = (changes: Partial<NodeRow> = {}): NodeRow => node('a', 4, { fence: 'fenced', ...changes });

  it.each([true, null])('loses its slicer to another node (recoverable: %s)', (recoverable) => {
    const hosts = [slicer('x', { recoverable })];
    const steps = planFor({ nodes: [cutOff(), node('b', 2)], hosts, executions: [execution('x', 1)] });
    expect(steps.drain).toEqual([hosts[0]?.host_id]);
    expect(placed(steps)).toEqual(['slicer of x on b', 'worker of x on b']);
    const drained = hosts.map((row) => ({ ...row, draining: true }));
    const situation = { nodes: [cutOff(), node('b', 2)], executions: [execution('x', 1)] };
    expect(planFor({ ...situation, hosts: [...drained, ...steps.insert] })).toEqual(NOTHING);
  });

  it.each<[string, Partial<Situation>, Partial<HostRow>]>([
    ['cannot be built anew', {}, { recoverable: false }],
    ['may be cut off for a moment only', { nodes: [cutOff({ fence: 'holding' }), node('b', 2)] }, {}],
    ['has nowhere to go', { nodes: [cutOff()] }, {}],
    ['has nowhere to go that does not drain', { nodes: [cutOff(), node('b', 2, { draining: true })] }, {}],
    ['may be no worse off than all others', { trustFence: false }, {}],
  ])('keeps a slicer that %s', (_why, situation, changes) => {
    const hosts = [slicer('x', changes), host('x', 'b', 'worker')];
    const nodes = [cutOff(), node('b', 2)];
    const steps = planFor({ nodes, executions: [execution('x', 1)], ...situation, hosts });
    expect(steps.drain.filter((id) => id === hosts[0]?.host_id)).toEqual([]);
  });

  it('keeps a slicer whose place others wait for', () => {
    const executions = [execution('x', 1), execution('y', 1)];
    const steps = planFor({ nodes: [cutOff(), node('b', 1)], hosts: [slicer('x')], executions });
    expect(steps.drain).toEqual([]);
    expect(placed(steps)).toContain('slicer of y on b');
  });
});
