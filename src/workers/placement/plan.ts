import { randomUUID } from 'node:crypto';
import {
  type ExecutionStatus,
  type HostKind,
  type HostOutcome,
  type HostRow,
  NODE_SILENT_MS,
  type NodeRow,
} from '../../store/types.js';

/** Silence after which a node without hosts is forgotten, in ms (Teraslice `node_disconnect_timeout`). */
const FORGET_MS = 300_000;

export interface PlacedExecution {
  ex_id: string;
  status: ExecutionStatus;
  workers_wanted: number;
}

export interface Situation {
  now: number;
  nodes: NodeRow[];
  /** Hosts not ended, oldest first. */
  hosts: HostRow[];
  /** Active executions, oldest first. */
  executions: PlacedExecution[];
  /** False when silence may be ours: right after a master, or the store, was away. */
  trustSilence: boolean;
  /** False when Temporal may have been away for all, or has just come back: some nodes hear of that before others. */
  trustFence: boolean;
  fenceTimeout: number;
}

export interface Plan {
  /** Epochs of slicers are for the caller to set. */
  insert: HostRow[];
  drain: string[];
  lost: Array<{ host_id: string; outcome: HostOutcome; reason: string }>;
  /** Executions for whose slicer there is no room, in the order in which they will get one. */
  waiting: string[];
  /** Nodes that are gone, and had nothing left. */
  forget: NodeRow[];
}

/**
 * What to change so that the hosts there are become the hosts that are wanted: one slicer and `workers`
 * workers for each active execution.
 *
 * Slicers have a capacity of their own, as large as the node's slots: an execution that holds workers and
 * waits for its slicer would be a deadlock. The first worker of each execution comes before the second of
 * any; otherwise first come, first served. Nobody's hosts are taken away for another's sake.
 */
export function plan(situation: Situation): Plan {
  const { nodes, executions, now } = situation;
  const result: Plan = { insert: [], drain: [], lost: [], waiting: [], forget: forgettable(situation) };
  const byNode = new Map(nodes.map((node) => [node.node_id, node]));
  const present: HostRow[] = [];
  for (const host of situation.hosts) {
    const loss = lossOf(host, byNode.get(host.node_id), situation);
    if (loss) result.lost.push({ host_id: host.host_id, ...loss });
    else present.push(host);
  }

  const rooms = nodes
    .filter((node) => !node.draining && isReachable(node, now))
    .map((node) => new Room(node, present));
  const active = executions.filter(
    ({ status, workers_wanted }) => status !== 'stopping' && workers_wanted > 0,
  );
  const wanted = new Map(active.map((execution) => [execution.ex_id, execution]));
  const held = new Map<string, { slicers: number; workers: number }>();

  for (const host of [...present].sort((a, b) => Number(a.draining) - Number(b.draining))) {
    const count = held.get(host.ex_id) ?? { slicers: 0, workers: 0 };
    held.set(host.ex_id, count);
    if (host.draining) continue;
    const execution = wanted.get(host.ex_id);
    const leaving = byNode.get(host.node_id)?.draining === true;
    const excess =
      host.kind === 'slicer' ? count.slicers >= 1 : count.workers >= (execution?.workers_wanted ?? 0);
    if (!execution || excess || leaving) result.drain.push(host.host_id);
    else if (host.kind === 'slicer') count.slicers++;
    else count.workers++;
  }

  // What a node that is cut off from Temporal would never hear of. It has ended its workers itself, and one whose slicer
  // cannot be built anew waits for it. Where there is no room, nothing is gained by a move.
  let spare = rooms.reduce((sum, room) => sum + room.free('slicer'), 0);
  for (const { ex_id } of active) if (!held.get(ex_id)?.slicers) spare--;
  for (const host of situation.trustFence ? present : []) {
    const count = held.get(host.ex_id);
    const stranded = host.kind === 'slicer' && byNode.get(host.node_id)?.fence === 'fenced';
    if (!stranded || host.recoverable === false || host.draining || !wanted.has(host.ex_id)) continue;
    if (!count?.slicers || spare <= 0 || result.drain.includes(host.host_id)) continue;
    result.drain.push(host.host_id);
    count.slicers--;
    spare--;
  }

  const place = (exId: string, kind: HostKind): boolean => {
    const room = rooms
      .filter((candidate) => candidate.free(kind) > 0)
      .sort((a, b) => b.free(kind) - a.free(kind) || a.node.node_id.localeCompare(b.node.node_id))[0];
    if (!room) return false;
    result.insert.push(room.host(exId, kind, now));
    const count = held.get(exId) ?? { slicers: 0, workers: 0 };
    held.set(exId, count);
    if (kind === 'slicer') count.slicers++;
    else count.workers++;
    return true;
  };

  for (const { ex_id } of active) {
    if (!held.get(ex_id)?.slicers && !place(ex_id, 'slicer')) result.waiting.push(ex_id);
  }
  const served = active.filter(({ ex_id }) => held.get(ex_id)?.slicers);
  for (const { ex_id } of served) if (!held.get(ex_id)?.workers) place(ex_id, 'worker');
  for (const { ex_id, workers_wanted } of served) {
    while ((held.get(ex_id)?.workers ?? 0) < workers_wanted && place(ex_id, 'worker'));
  }
  return result;
}

/** Whether a node hears of masters and of Temporal. */
export const isReachable = ({ seen, fence = 'connected' }: NodeRow, now: number): boolean =>
  fence === 'connected' && now - Date.parse(seen) < NODE_SILENT_MS;

/**
 * How a host must be counted as gone, if it must. One of which its node never spoke was not there yet, and has nothing
 * to flush, unless that is long ago: while no master listens, hosts get ready and work all the same.
 */
function lossOf(
  host: HostRow,
  node: NodeRow | undefined,
  situation: Situation,
): { outcome: HostOutcome; reason: string } | undefined {
  const fresh = situation.now - Date.parse(host.created) < NODE_SILENT_MS;
  const outcome = host.state === 'assigned' && fresh ? 'flushed' : 'lost';
  if (!node) return { outcome, reason: 'its node is gone' };
  if (node.incarnation !== host.incarnation) return { outcome, reason: 'its node was started anew' };
  if (!situation.trustSilence) return undefined;
  const silence = situation.now - Date.parse(node.seen);
  // A slicer that cannot be built anew is only given up when its node has certainly ended it.
  const patient = host.kind === 'slicer' && host.recoverable === false;
  const limit = patient ? situation.fenceTimeout + NODE_SILENT_MS : NODE_SILENT_MS;
  return silence > limit ? { outcome: 'silent', reason: 'its node is silent' } : undefined;
}

/** A node that was stopped in order is gone as soon as it is silent. One that broke down is shown for a while: it may be missed. */
function forgettable({ nodes, hosts, now, trustSilence }: Situation): NodeRow[] {
  if (!trustSilence) return [];
  const inUse = new Set(hosts.map(({ node_id }) => node_id));
  return nodes.filter(({ node_id, seen, draining }) => {
    const limit = draining ? NODE_SILENT_MS : FORGET_MS;
    return !inUse.has(node_id) && now - Date.parse(seen) > limit;
  });
}

/** What a node has room for. */
class Room {
  private readonly used: Record<HostKind, number> = { worker: 0, slicer: 0 };

  constructor(
    readonly node: NodeRow,
    hosts: HostRow[],
  ) {
    for (const host of hosts) if (host.node_id === node.node_id) this.used[host.kind]++;
  }

  free(kind: HostKind): number {
    return this.node.slots - this.used[kind];
  }

  host(exId: string, kind: HostKind, now: number): HostRow {
    this.used[kind]++;
    const at = new Date(now).toISOString();
    return {
      host_id: randomUUID(),
      ex_id: exId,
      node_id: this.node.node_id,
      incarnation: this.node.incarnation,
      kind,
      epoch: 0,
      state: 'assigned',
      draining: false,
      pid: null,
      busy: false,
      recoverable: null,
      outcome: null,
      reason: null,
      created: at,
      updated: at,
    };
  }
}
