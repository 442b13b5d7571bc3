import { hostname } from 'node:os';
import {
  type ActiveExecution,
  NODE_SILENT_MS,
  type HostRow,
  type NodeRow,
  type Store,
} from '../../store/types.js';
import { TERASLICE_VERSION } from '../../version.js';

/** One process on a node. `worker_id` is its process id: a number, and unique on the node as long as it lives. */
interface Task {
  worker_id: number;
  assignment: 'cluster_master' | 'assets_service' | 'execution_controller' | 'worker';
  pid: number;
  ex_id?: string;
  job_id?: string;
}

export interface NodeState {
  node_id: string;
  hostname: string;
  pid: number;
  node_version: string;
  teraslice_version: string;
  temposlice_version: string;
  /** Worker slots. Slicers and the master take none. */
  total: number;
  /** Slots that no worker holds or is about to. */
  available: number;
  state: 'connected' | 'disconnected';
  active: Task[];
}

/**
 * Nodes by id, with the processes that live on them. Clients expect one `cluster_master` and
 * one `assets_service` in the whole cluster: both are the master that answers, shown on the node of its machine, or where there is none as a node
 * without slots of its own.
 */
export async function clusterState(store: Store, version: string): Promise<Record<string, NodeState>> {
  const [nodes, hosts, executions] = await Promise.all([
    store.placement.nodes(),
    store.placement.liveHosts(),
    store.executions.active(),
  ]);
  const rows = new Map(executions.map((ex) => [ex.ex_id, ex]));
  const states = nodes
    .map((node) => nodeState(node, hosts, rows))
    .sort((a, b) => (a.node_id < b.node_id ? -1 : 1));
  const masters = states.find((node) => node.state === 'connected' && node.hostname === hostname());
  const home = masters ?? machineWithoutNode(version);
  if (masters === undefined) states.unshift(home);
  const master = { worker_id: process.pid, pid: process.pid };
  home.active.unshift(
    { ...master, assignment: 'cluster_master' },
    { ...master, assignment: 'assets_service' },
  );
  return Object.fromEntries(states.map((state) => [state.node_id, state]));
}

function nodeState(node: NodeRow, hosts: HostRow[], rows: Map<string, ActiveExecution>): NodeState {
  const own = hosts.filter(({ node_id }) => node_id === node.node_id);
  const workers = own.filter(({ kind }) => kind === 'worker').length;
  return {
    node_id: node.node_id,
    hostname: node.hostname,
    pid: node.pid,
    node_version: node.node_version,
    teraslice_version: TERASLICE_VERSION,
    temposlice_version: node.version,
    total: node.slots,
    available: Math.max(0, node.slots - workers),
    state: Date.now() - Date.parse(node.seen) > NODE_SILENT_MS ? 'disconnected' : 'connected',
    active: own.flatMap((host) => task(host, rows.get(host.ex_id))),
  };
}

/** A host that has no process yet is no task yet. */
function task(host: HostRow, row: ActiveExecution | undefined): Task[] {
  if (host.pid === null) return [];
  return [
    {
      worker_id: host.pid,
      assignment: host.kind === 'slicer' ? 'execution_controller' : 'worker',
      pid: host.pid,
      ex_id: host.ex_id,
      ...(row !== undefined && { job_id: row.job_id }),
    },
  ];
}

function machineWithoutNode(version: string): NodeState {
  return {
    node_id: `${hostname()}/master`,
    hostname: hostname(),
    pid: process.pid,
    node_version: process.version,
    teraslice_version: TERASLICE_VERSION,
    temposlice_version: version,
    total: 0,
    available: 0,
    state: 'connected',
    active: [],
  };
}
