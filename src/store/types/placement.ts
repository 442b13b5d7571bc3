import type { ExecutionStatus, SlicerStats } from './executions.js';

/** A node whose presence is older, in ms, is silent: its share goes to others, and it is shown as disconnected. */
export const NODE_SILENT_MS = 10_000;

/** Whether a node reaches Temporal: `holding` takes up no work, `fenced` has ended its worker hosts. */
export type FenceState = 'connected' | 'holding' | 'fenced';

export interface NodeRow {
  node_id: string;
  /** New with every start of the node's process. */
  incarnation: string;
  hostname: string;
  pid: number;
  slots: number;
  node_version: string;
  version: string;
  /** ISO time of the last presence. */
  seen: string;
  /** True once the node asked to be drained (SIGTERM). */
  draining: boolean;
  /** Absent: connected. */
  fence?: FenceState;
}

export type HostKind = 'worker' | 'slicer';
/** assigned → starting → live → ended; `draining` is a wish of the master's beside it. */
type HostState = 'assigned' | 'starting' | 'live' | 'ended';
/** `silent`: given up because its node was silent; the process may live until its node fences it. */
export type HostOutcome = 'flushed' | 'failed' | 'lost' | 'silent';

/** One lifetime of one host process. */
export interface HostRow {
  host_id: string;
  ex_id: string;
  node_id: string;
  incarnation: string;
  kind: HostKind;
  /** Slicers only: rises when the slicer moves to another node. */
  epoch: number;
  state: HostState;
  draining: boolean;
  /** Draining, and at once: its node kills it. Absent: false. */
  forced?: boolean;
  pid: number | null;
  busy: boolean;
  /** Slicers only: whether the reader can be built anew elsewhere; null until it was asked. */
  recoverable: boolean | null;
  outcome: HostOutcome | null;
  reason: string | null;
  created: string;
  updated: string;
}

/** The part of {@link SlicerStats} that placement knows. */
export type WorkerNumbers = Pick<
  SlicerStats,
  'workers_joined' | 'workers_disconnected' | 'workers_active' | 'workers_available'
>;

export interface PlacementStore {
  /**
   * Records a node's presence; true if this incarnation of the node was not known before. Among those that call
   * themselves by one id the one that came last has it; nobody's clock matters.
   * @throws CodedError NODE_REPLACED if another incarnation came after this one
   */
  presence(node: NodeRow): Promise<boolean>;
  nodes(): Promise<NodeRow[]>;
  /** Removes a node, unless it was started anew in the meantime. */
  removeNode(node: Pick<NodeRow, 'node_id' | 'incarnation'>): Promise<void>;
  /** Hosts not ended, of all executions, or those given. */
  liveHosts(filter?: { ex_id?: string; node_id?: string }): Promise<HostRow[]>;
  /** Every host that was ever placed for the execution. */
  hostsOf(exId: string): Promise<HostRow[]>;
  host(hostId: string): Promise<HostRow | undefined>;
  /** Numbers of workers of the given executions, by execution; one that never had a worker is not there. */
  workerNumbers(exIds: string[]): Promise<Map<string, WorkerNumbers>>;
  /** Sets `updated` to now unless the patch says when. False if the host has ended: it stays as it is. */
  updateHost(hostId: string, patch: Partial<HostRow>): Promise<boolean>;
  /** Notes how a host really ended that was given up because its node was silent; false if it is no such one. */
  settleSilent(hostId: string, end: Pick<HostRow, 'outcome' | 'reason'>): Promise<boolean>;
  /**
   * Notes that hosts are alive after all that were given up because their node was silent: whoever waits for their end
   * waits on. Returns those of the given that are such.
   */
  stillAlive(hostIds: string[]): Promise<HostRow[]>;
  /** Notes which hosts are busy, in one statement, as it changes all the time. Those that have ended stay idle. */
  setBusy(hosts: ReadonlyArray<Pick<HostRow, 'host_id' | 'busy'>>): Promise<void>;
  /** Marks all hosts of an execution that may still be there as draining and forced. */
  force(exId: string): Promise<void>;
  /**
   * Runs `work` in one transaction under a cluster-wide advisory lock, with tables bound to it. `work`
   * must use nothing else of the store: the embedded one has a single session, which this transaction holds.
   * Another master that wants it at the same time waits.
   */
  exclusively<T>(work: (tables: PlacementTables) => Promise<T>): Promise<T>;
}

/** What placement reads and writes inside its transaction. */
export interface PlacementTables {
  nodes(): Promise<NodeRow[]>;
  liveHosts(): Promise<HostRow[]>;
  /** Active executions, oldest first, with what placement needs of them. */
  active(): Promise<Array<{ ex_id: string; status: ExecutionStatus; workers_wanted: number }>>;
  insertHosts(hosts: HostRow[]): Promise<void>;
  updateHost(hostId: string, patch: Partial<HostRow>): Promise<boolean>;
  /** Highest epoch a slicer of this execution ever had; 0 if none. */
  lastEpoch(exId: string): Promise<number>;
}
