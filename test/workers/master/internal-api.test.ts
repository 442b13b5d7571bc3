import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import express from 'express';
import { pino } from 'pino';
import type { WorkflowInfo } from '@temporalio/workflow';
import { failures } from '../../../src/api/http/failures.js';
import { internalApi } from '../../../src/workers/master/internal-api.js';
import { LeaseHalts } from '../../../src/workers/master/lease-halts.js';
import {
  type HostAssignment,
  MasterClient,
  type PresenceRequest,
  type PresenceResponse,
} from '../../../src/workers/node/master-client.js';
import { Placement } from '../../../src/workers/placement/placement.js';
import type { ExecutionDocument, HostRow, Store } from '../../../src/store/types.js';
import { makeExecution, makeJob } from '../../support/executions.js';
import { pgliteSource, type StoreSource } from '../../support/stores.js';
import { until } from '../../support/until.js';

const logger = pino({ level: 'silent' });
let source: StoreSource;
let store: Store;
let placement: Placement;
let server: Server;
let client: MasterClient;
let halts: LeaseHalts;
let hostsFailed: Array<[string, string]>;

beforeAll(async () => {
  source = await pgliteSource();
  store = await source.open();
}, 60_000);

afterAll(async () => {
  await store.close();
  await source.dispose();
});

beforeEach(async () => {
  hostsFailed = [];
  placement = new Placement(store, 30_000, logger);
  halts = new LeaseHalts(() => placement.changed());
  const app = express();
  app.use(
    '/internal',
    internalApi({
      store,
      placement,
      halts,
      hostsFailed: async (exId, reason) => void hostsFailed.push([exId, reason]),
      logger,
    }),
  );
  app.use(failures(logger, { maxBodyBytes: 0 }));
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new MasterClient({ port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  placement.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  for (const node of await store.placement.nodes()) await store.placement.removeNode(node);
  for (const { host_id } of await store.placement.liveHosts()) {
    await store.placement.updateHost(host_id, { state: 'ended', outcome: 'flushed' });
  }
});

const presenceOf = (changes: Partial<PresenceRequest> = {}): PresenceRequest => ({
  node: {
    node_id: 'node-1',
    incarnation: 'first',
    hostname: 'machine',
    pid: 7,
    slots: 4,
    node_version: 'v20.11.0',
    version: '0.1.0',
    draining: false,
  },
  hosts: [],
  hopeless: [],
  known: '',
  wait: 0,
  ...changes,
});

const tell = (changes: Partial<PresenceRequest> = {}): Promise<PresenceResponse> =>
  client.presence(presenceOf(changes), new AbortController().signal);

async function execute(): Promise<ExecutionDocument> {
  const job = makeJob();
  await store.jobs.insert(job);
  const execution = makeExecution({ job_id: job.job_id, workers: 1 });
  await store.executions.insert(execution);
  return execution;
}

/** An execution whose hosts have just been placed on the node. */
async function place(): Promise<{ execution: ExecutionDocument; hosts: HostRow[] }> {
  await tell();
  const execution = await execute();
  placement.kick();
  await until(async () => (await store.placement.hostsOf(execution.ex_id)).length === 2);
  return { execution, hosts: await store.placement.hostsOf(execution.ex_id) };
}

async function close({ ex_id }: ExecutionDocument): Promise<void> {
  await store.executions.close(ex_id, 1_000, 'stopped', {}, null);
}

it.each([
  ['presence', {}, 'node: Invalid input: expected object, received undefined'],
  ['presence', { ...presenceOf(), hosts: [{ host_id: 1 }] }, 'hosts.0.host_id: Invalid input'],
  ['presence', undefined, 'node: '],
  ['presence', presenceOf({ node: { ...presenceOf().node, pid: 2 ** 31 } }), 'node.pid: Too big'],
  ['assets/kept', 5, 'Invalid input: expected array, received number'],
  ['executions/none/metadata', [], 'Invalid input: expected record, received array'],
  ['executions/none/pages/1', [[0, 1]], '0: Invalid input'],
])('refuses %s with %j, and changes nothing', async (path, body, message) => {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/internal/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(message);
  expect(await store.placement.nodes()).toEqual([]);
});

it('records the presence of a node, and says what it should host', async () => {
  const { execution, hosts } = await place();
  expect(await store.placement.nodes()).toMatchObject([{ node_id: 'node-1', incarnation: 'first', pid: 7 }]);
  const { assignments } = await tell();
  expect(assignments.map(({ host_id }) => host_id).sort()).toEqual(
    hosts.map(({ host_id }) => host_id).sort(),
  );
  expect(assignments).toContainEqual({
    host_id: expect.any(String),
    ex_id: execution.ex_id,
    kind: 'slicer',
    epoch: 1,
    draining: false,
    forced: false,
  });
  await close(execution);
});

it('gives nothing of an earlier start of the node to the next', async () => {
  const { execution, hosts } = await place();
  const old = hosts.map(({ host_id }) => host_id);
  const node = { ...presenceOf().node, incarnation: 'second' };
  const { assignments } = await tell({ node });
  expect(assignments.filter(({ host_id }) => old.includes(host_id))).toEqual([]);
  await until(async () => (await tell({ node })).assignments.length === 2);
  expect(await store.placement.host(old[0] as string)).toMatchObject({
    state: 'ended',
    // It was never ready, so there is nothing that was lost with it.
    outcome: 'flushed',
  });
  await close(execution);
});

it('holds an answer until what is wanted changes', async () => {
  const { version } = await tell();
  const held = tell({ known: version, wait: 1_000 });
  const execution = await execute();
  placement.kick();
  const { assignments } = await held;
  expect(assignments.map(({ ex_id }) => ex_id)).toContain(execution.ex_id);
  await close(execution);
});

it('says at once that leases are cancelled, to nodes that host their execution', async () => {
  const { execution } = await place();
  const { version } = await tell();
  const held = tell({ known: version, wait: 1_000 });
  const begun = performance.now();
  halts.sinks.leases.cancelled.fn({} as WorkflowInfo, execution.ex_id, 12);
  halts.sinks.leases.cancelled.fn({} as WorkflowInfo, 'another', 5);
  await expect(held).resolves.toMatchObject({ cancelled: { [execution.ex_id]: 12 } });
  expect(performance.now() - begun).toBeLessThan(900);
  await close(execution);
});

it('answers after the wait when nothing changes, with the same version', async () => {
  const { version } = await tell();
  const begun = performance.now();
  await expect(tell({ known: version, wait: 300 })).resolves.toMatchObject({ version });
  expect(performance.now() - begun).toBeGreaterThan(250);
});

it('takes what a node says of its hosts, and acknowledges ends as often as they are told', async () => {
  const { execution, hosts } = await place();
  const [first] = hosts as [HostRow];
  const report = { host_id: first.host_id, pid: 99, busy: true, recoverable: false } as const;
  await tell({ hosts: [{ ...report, state: 'live' }] });
  expect(await store.placement.host(first.host_id)).toMatchObject({
    state: 'live',
    pid: 99,
    busy: true,
    recoverable: false,
  });
  const end = { ...report, pid: null, busy: false, state: 'ended', outcome: 'failed', reason: 'r' } as const;
  for (let times = 0; times < 2; times++) {
    await expect(tell({ hosts: [end] })).resolves.toMatchObject({ acknowledged: [first.host_id] });
  }
  expect(await store.placement.host(first.host_id)).toMatchObject({
    state: 'ended',
    outcome: 'failed',
    reason: 'r',
    pid: 99,
    busy: false,
  });
  await close(execution);
});

it('does not let a host live again that was given up as lost', async () => {
  const { execution, hosts } = await place();
  const [{ host_id }] = hosts as [HostRow];
  await store.placement.updateHost(host_id, {
    state: 'ended',
    outcome: 'lost',
    reason: 'its node is silent',
  });
  await tell({ hosts: [{ host_id, state: 'live', pid: 5, busy: true, recoverable: null }] });
  expect(await store.placement.host(host_id)).toMatchObject({ state: 'ended', outcome: 'lost' });
  const end = {
    host_id,
    state: 'ended',
    pid: null,
    busy: false,
    recoverable: null,
    outcome: 'flushed',
  } as const;
  await expect(tell({ hosts: [end] })).resolves.toMatchObject({ acknowledged: [host_id] });
  expect(await store.placement.host(host_id)).toMatchObject({ outcome: 'lost' });
  await close(execution);
});

it('takes what a host says of its end that was given up because its node was silent', async () => {
  const { execution, hosts } = await place();
  const [{ host_id }] = hosts as [HostRow];
  await store.placement.updateHost(host_id, {
    state: 'ended',
    outcome: 'silent',
    reason: 'its node is silent',
  });
  const end = { host_id, state: 'ended', pid: null, busy: false, recoverable: null } as const;
  await tell({ hosts: [{ ...end, outcome: 'failed', reason: 'disk full' }] });
  expect(await store.placement.host(host_id)).toMatchObject({ outcome: 'failed', reason: 'disk full' });
  await tell({ hosts: [{ ...end, outcome: 'flushed', reason: null }] });
  expect(await store.placement.host(host_id)).toMatchObject({ outcome: 'failed' });
  await close(execution);
});

it('takes what a host says of its end that is given up at the same moment', async () => {
  const { execution, hosts } = await place();
  const [{ host_id }] = hosts as [HostRow];
  const { liveHosts } = store.placement;
  jest.spyOn(store.placement, 'liveHosts').mockImplementationOnce(async (filter) => {
    const seen = await liveHosts(filter);
    // Another master's plan is written between this look and what follows it.
    await store.placement.updateHost(host_id, { state: 'ended', outcome: 'silent', reason: 'silent' });
    return seen;
  });
  const end = { host_id, state: 'ended', pid: null, busy: false, recoverable: null } as const;
  await tell({ hosts: [{ ...end, outcome: 'failed', reason: 'disk full' }] });
  expect(await store.placement.host(host_id)).toMatchObject({ outcome: 'failed', reason: 'disk full' });
  await close(execution);
});

it('has a host end that was given up because its node was silent, and is there after all', async () => {
  const { execution, hosts } = await place();
  const [{ host_id }] = hosts as [HostRow];
  const updated = new Date(Date.now() - 31_000).toISOString();
  await store.placement.updateHost(host_id, { state: 'ended', outcome: 'silent', reason: 'silent', updated });
  const live = { host_id, state: 'live', pid: 5, busy: true, recoverable: null } as const;
  const told = async (): Promise<HostAssignment | undefined> =>
    (await tell({ hosts: [live] })).assignments.find((assignment) => assignment.host_id === host_id);
  await expect(told()).resolves.toMatchObject({ draining: true, forced: false });
  const row = await store.placement.host(host_id);
  expect(row).toMatchObject({ state: 'ended', outcome: 'silent' });
  expect(Date.parse(row?.updated ?? '')).toBeGreaterThan(Date.parse(updated));
  await store.placement.force(execution.ex_id);
  await expect(told()).resolves.toMatchObject({ draining: true, forced: true });
  await close(execution);
});

it('gives an execution up when its hosts died three times in a row, and says so once', async () => {
  await tell({ hopeless: [{ ex_id: 'x', count: 2, reason: 'no such file' }] });
  expect(hostsFailed).toEqual([]);
  const reason =
    'Error: no such file\nnor folder\n    at start (file:///host.js:1:2)\n    at main (file:///main.js:3:4)';
  await tell({ hopeless: [{ ex_id: 'x', count: 3, reason }] });
  await tell({ hopeless: [{ ex_id: 'x', count: 3, reason }] });
  expect(hostsFailed).toEqual([['x', 'the operations cannot be started: Error: no such file\nnor folder']]);
});

it('serves the documents, metadata and pages of executions', async () => {
  const execution = await execute();
  const { ex_id } = execution;
  await expect(client.execution(ex_id)).resolves.toMatchObject({ ex_id, operations: execution.operations });
  await client.setMetadata(ex_id, { seen: 3 });
  await expect(client.metadata(ex_id)).resolves.toEqual({ seen: 3 });
  await client.writePage(ex_id, '7-0', [[0, 1, '{"naïve":"🦊"}']]);
  await expect(store.pages.readPage(ex_id, '7-0')).resolves.toEqual([[0, 1, '{"naïve":"🦊"}']]);
  await close(execution);
});

it('fails for an execution that nobody knows, and the client forgets that', async () => {
  const execution = makeExecution();
  await expect(client.execution(execution.ex_id)).rejects.toThrow(`/executions/${execution.ex_id}`);
  const job = makeJob();
  await store.jobs.insert(job);
  await store.executions.insert({ ...execution, job_id: job.job_id });
  await expect(client.execution(execution.ex_id)).resolves.toMatchObject({ ex_id: execution.ex_id });
  await close(execution);
});
