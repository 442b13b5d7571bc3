import type { FoundationConfig } from '../../config/foundation.js';
import type { MetricsData } from '../../operations/prom-metrics.js';
import type { ExecutionDocument } from '../../store/types.js';
import type { CreateInput, CreateResult, FailedOutcome } from '../../workflows/types.js';

/**
 * What a node and its hosts say to each other.
 *
 * Node to host goes over Node's IPC channel. Host to node goes over a pipe that the host writes
 * *synchronously*: what a host wrote before it died, however it died, can still be read. How far it is with a lease
 * is in a file that both have open (`progress.ts`).
 */

/** File descriptor of the pipe in the host. */
export const PIPE_FD = 4;

export interface HostSetup {
  hostId: string;
  kind: 'worker' | 'slicer';
  execution: ExecutionDocument;
  clusterName: string;
  logDir: string;
  logLevel: string;
  assetsDirectory: string;
  /** What the configuration file says to operations. */
  foundation: FoundationConfig;
  /** Whether the metrics of operations are asked for. */
  metrics: boolean;
  /** Milliseconds a slice may go on once the host is to end. */
  shutdownTimeout: number;
  /** Seconds without a ping after which the host ends itself. */
  fenceSeconds: number;
}

export interface HostLease {
  /** Counts the leases of a host, from 1. */
  number: number;
  /** `[slicer_id, slicer_order, request as JSON, slice_id?]` */
  slices: Array<[number, number, string, string?]>;
  tries: Array<[number, number]>;
  budget: number;
  logLevel?: string | null;
}

export type ToHost =
  | { type: 'setup'; setup: HostSetup }
  | { type: 'ping' }
  | { type: 'lease'; lease: HostLease }
  /** Start no further slice of the lease. */
  | { type: 'halt' }
  | { type: 'create'; call: number; input: CreateInput }
  /** End: a worker flushes its operations first. */
  | { type: 'drain' }
  | { type: 'metadata'; call: number; metadata?: Record<string, unknown>; error?: string }
  | { type: 'readMetrics' };

export type FromHost =
  /** Forked, and job-components loaded: waits for its setup. */
  | { type: 'loaded' }
  | { type: 'ready' }
  /** Operations could not be loaded or initialised; the host ends. */
  | { type: 'initFailed'; error: string }
  /** A slice has failed; written before the progress says that it has ended. */
  | { type: 'failed'; failure: FailedOutcome }
  /** An operation threw a fatal error: the lease ends, and the host wants to be replaced. Written before `leaseEnded`. */
  | { type: 'fatal' }
  | { type: 'leaseEnded'; ms: number; records: number[]; times: number[] }
  | { type: 'created'; call: number; result: CreateResult }
  | { type: 'createFailed'; call: number; failure: string; error: string }
  /** The operations are about to be flushed: what they hold back is lost if it does not come to its end. */
  | { type: 'flushing' }
  | { type: 'flushed'; error?: string }
  /** The node has not pinged for too long, so the host ends itself: no slice is to blame. */
  | { type: 'fenced' }
  | { type: 'getMetadata'; call: number }
  | { type: 'setMetadata'; call: number; metadata: Record<string, unknown> }
  | { type: 'metrics'; metrics: MetricsData };
