import { type HostRow, NODE_SILENT_MS, type NodeRow } from '../../../src/store/types.js';
import { plan, type PlacedExecution } from '../../../src/workers/placement/plan.js';
import { Random } from '../../support/random.js';

const START = Date.parse('2024-01-01T00:00:00.000Z');
const STATUSES = ['initializing', 'running', 'running', 'failing', 'paused', 'stopping'] as const;

/** A cluster in which nodes, executions and hosts come and go at random. */
class Cluster {
  private readonly random: Random;
  private now = START;
  private nodes: NodeRow[] = [];
  private hosts: HostRow[] = [];
  private executions: PlacedExecution[] = [];
  private counter = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    for (let i = this.random.int(1, 4); i > 0; i--) this.addNode();
  }

  /** One change of the world. */
  change(): void {
    const { random } = this;
    this.now += random.int(0, 4_000);
    for (const node of this.nodes) if (random.chance(0.7)) node.seen = new Date(this.now).toISOString();
    const dice = random.next();
    if (dice < 0.25) this.addExecution();
    else if (dice < 0.35) this.executions = this.executions.filter(() => random.chance(0.7));
    else if (dice < 0.5) for (const ex of this.executions) ex.workers_wanted = random.int(0, 6);
    else if (dice < 0.6) for (const ex of this.executions) ex.status = random.pick(STATUSES);
    else if (dice < 0.65) this.restart(random.pick(this.nodes));
    else if (dice < 0.7) random.pick(this.nodes).draining = random.chance(0.5);
    else if (dice < 0.75) this.addNode();
    else if (dice < 0.8) random.pick(this.nodes).fence = random.pick(['connected', 'holding', 'fenced']);
    else this.endSomeHosts();
  }

  /** Applies a plan and checks what must hold of any. */
  place(trustSilence: boolean, trustFence: boolean): void {
    const before = this.hosts.map((host) => host.host_id);
    const situation = {
      now: this.now,
      nodes: this.nodes,
      hosts: this.hosts,
      executions: this.executions,
      trustSilence,
      trustFence,
      fenceTimeout: 30_000,
    };
    const steps = plan(situation);
    const lost = new Set(steps.lost.map(({ host_id }) => host_id));
    for (const id of [...lost, ...steps.drain]) expect(before).toContain(id);
    for (const { host_id } of this.hosts)
      expect(lost.has(host_id) && steps.drain.includes(host_id)).toBe(false);
    this.hosts = this.hosts.filter(({ host_id }) => !lost.has(host_id));
    for (const host of this.hosts) if (steps.drain.includes(host.host_id)) host.draining = true;
    this.hosts.push(...steps.insert);
    this.checkHosts(steps.insert);
    this.checkOrder();
  }

  /** A second plan of the same situation has nothing to do. */
  checkSettled(trustSilence: boolean, trustFence: boolean): void {
    const { now, nodes, hosts, executions } = this;
    const situation = { now, nodes, hosts, executions, trustSilence, trustFence };
    expect(plan({ ...situation, fenceTimeout: 30_000 })).toMatchObject({
      insert: [],
      drain: [],
      lost: [],
    });
  }

  private checkHosts(inserted: HostRow[]): void {
    for (const node of this.nodes) {
      for (const kind of ['worker', 'slicer'] as const) {
        const used = this.hosts.filter((host) => host.node_id === node.node_id && host.kind === kind).length;
        expect(used).toBeLessThanOrEqual(node.slots);
      }
    }
    for (const host of inserted) {
      const node = this.nodes.find(({ node_id }) => node_id === host.node_id);
      expect(node).toMatchObject({ draining: false, incarnation: host.incarnation });
      expect(node?.fence ?? 'connected').toBe('connected');
      expect(this.now - Date.parse(node?.seen ?? '')).toBeLessThan(NODE_SILENT_MS);
    }
    for (const execution of this.wanted()) {
      expect(this.count(execution, 'slicer')).toBeLessThanOrEqual(1);
      expect(this.count(execution, 'worker')).toBeLessThanOrEqual(execution.workers_wanted);
    }
    const wanted = new Set(this.wanted().map(({ ex_id }) => ex_id));
    for (const host of this.hosts) if (!wanted.has(host.ex_id)) expect(host.draining).toBe(true);
  }

  /** What is missing is missing for want of room only. */
  private checkOrder(): void {
    const room = { worker: this.room('worker'), slicer: this.room('slicer') };
    for (const execution of this.wanted()) {
      const slicers = this.count(execution, 'slicer');
      if (slicers === 0) expect(room.slicer).toBe(0);
      else if (this.count(execution, 'worker') < execution.workers_wanted) expect(room.worker).toBe(0);
    }
  }

  private room(kind: HostRow['kind']): number {
    return this.nodes
      .filter(
        ({ draining, seen, fence = 'connected' }) =>
          !draining && fence === 'connected' && this.now - Date.parse(seen) < NODE_SILENT_MS,
      )
      .map(
        ({ node_id, slots }) =>
          slots - this.hosts.filter((host) => host.node_id === node_id && host.kind === kind).length,
      )
      .reduce((sum, free) => sum + free, 0);
  }

  private wanted(): PlacedExecution[] {
    return this.executions.filter(
      ({ status, workers_wanted }) => status !== 'stopping' && workers_wanted > 0,
    );
  }

  private count(execution: PlacedExecution, kind: HostRow['kind']): number {
    const mine = this.hosts.filter((host) => host.ex_id === execution.ex_id && host.kind === kind);
    return mine.filter(({ draining }) => !draining).length;
  }

  private addExecution(): void {
    const ex_id = `ex-${++this.counter}`;
    this.executions.push({ ex_id, status: 'running', workers_wanted: this.random.int(1, 6) });
  }

  private addNode(): void {
    const node_id = `node-${++this.counter}`;
    this.nodes.push({
      node_id,
      incarnation: `${node_id}/1`,
      hostname: 'machine',
      pid: 1,
      slots: this.random.int(1, 5),
      node_version: 'v20.11.0',
      version: '0.1.0',
      seen: new Date(this.now).toISOString(),
      draining: false,
    });
  }

  private restart(node: NodeRow): void {
    node.incarnation = `${node.node_id}/${++this.counter}`;
    node.seen = new Date(this.now).toISOString();
  }

  private endSomeHosts(): void {
    this.hosts = this.hosts.filter((host) => !this.random.chance(host.draining ? 0.7 : 0.1));
    for (const host of this.hosts) {
      if (host.kind === 'slicer') host.recoverable = this.random.pick([true, false, null]);
    }
  }
}

it.each(Array.from({ length: 20 }, (_, seed) => seed + 1))('holds in any cluster (seed %i)', (seed) => {
  const cluster = new Cluster(seed);
  const trust = new Random(seed);
  for (let steps = 0; steps < 40; steps++) {
    cluster.change();
    const trustSilence = trust.chance(0.8);
    const trustFence = trust.chance(0.8);
    cluster.place(trustSilence, trustFence);
    cluster.checkSettled(trustSilence, trustFence);
  }
});
