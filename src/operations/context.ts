import { EventEmitter } from 'node:events';
import { hostname } from 'node:os';
import type { DestinationStream } from 'pino';
import type { Context } from '#job-components';
import { clientFactory, connectionFactory } from './connectors/clients.js';
import type { ClientRequest } from './connectors/connector.js';
import { createOperationLogger, type LevelName, type OperationLogger } from './operation-logger.js';
import { createPromMetrics, type MetricsData } from './prom-metrics.js';
import { systemConfig, type SystemOptions } from './sysconfig.js';

/** Reads and writes the `metadata` of the execution's document. */
export interface MetadataFunctions {
  get(exId: string): Promise<Record<string, unknown>>;
  update(exId: string, metadata: Record<string, unknown>): Promise<void>;
}

/** The slice that a worker has at hand, for operations that write somewhere and must be idempotent. */
export interface CurrentSlice {
  slice_id: string;
  slicer_id: number;
  slicer_order: number;
  /**
   * 1 for the first; counts the hosts that died of the slice, and the retries in this one. What nobody heard of again
   * (a lost node, retries in a host that died) is not counted, so two runs may bear the same number: the slice id is
   * what is unique.
   */
  attempt: number;
}

export interface ContextOptions extends SystemOptions {
  assignment: 'worker' | 'execution_controller';
  /** Id of the host process; `worker` in log lines, `cluster.worker.id` for operations. */
  hostId: string;
  exId?: string;
  jobId?: string;
  /** Folder of the log files, one an execution; undefined: no files. */
  logDir?: string;
  /** Where log lines go beside the file. Default stdout. */
  logDestination?: DestinationStream;
  /** Undefined: metadata stays in this process. */
  metadata?: MetadataFunctions;
}

export interface OperationContext {
  context: Context;
  logger: OperationLogger;
  /** Says which slice is at hand; undefined between slices. */
  setCurrentSlice(slice: CurrentSlice | undefined): void;
  /** Sets the level of every logger of the process. @throws Error if there is no such level */
  setLogLevel(level: string): void;
  /** What the operations have measured. */
  metrics(): Promise<MetricsData>;
}

/**
 * The terafoundation context, as operations see it in a host process. job-components adds its own APIs
 * (`executionContext`, `op_runner`, `job_runner`, `assets`) when an execution context is built on it.
 */
export function createContext(options: ContextOptions): OperationContext {
  const nodeName = `${hostname()}.${options.hostId}`;
  const fields: Record<string, unknown> = { name: 'temposlice', worker: options.hostId };
  if (options.exId !== undefined) fields.ex_id = options.exId;
  if (options.jobId !== undefined) fields.job_id = options.jobId;
  const logger = createOperationLogger({
    fields,
    level: options.logLevel,
    ...(options.logDir === undefined ? {} : { logDir: options.logDir }),
    ...(options.logDestination === undefined ? {} : { destination: options.logDestination }),
  });
  const sysconfig = systemConfig(options, nodeName);
  const events = new EventEmitter();
  // Every API and operation of a job may listen for the same event; that is no leak.
  events.setMaxListeners(0);
  let currentSlice: CurrentSlice | undefined;
  let metadataRegistered = false;

  const setLogLevel = (level: string): void => logger.setLevel(level as LevelName);
  const { connectors = {} } = options.foundation ?? {};
  const metrics = createPromMetrics(logger, { worker_id: options.hostId });
  const createClient = clientFactory(connectors, logger);
  const foundation = {
    createClient,
    createClientAsync: (request: ClientRequest) => createClient(request),
    getConnection: connectionFactory(connectors, logger),
    getSystemEvents: () => events,
    /** `(fields)`, or the older `(name, file name, fields)`. */
    makeLogger: (...args: unknown[]) => {
      const given = args.find((arg) => typeof arg === 'object' && arg !== null);
      return logger.child(withoutKnown(given as Record<string, unknown> | undefined, fields));
    },
    setLogLevel,
    startWorkers: () => [],
    promMetrics: metrics.api,
  };

  const apis: Record<string, unknown> = {
    foundation,
    temposlice: { currentSlice: (): CurrentSlice | undefined => currentSlice },
    registerAPI(namespace: string, api: unknown) {
      if (Object.hasOwn(apis, namespace)) {
        throw new Error(`Registration of API endpoints for module ${namespace} can only occur once`);
      }
      apis[namespace] = api;
      // Here, not after the execution context is built: operations may use metadata as soon as they are constructed.
      if (namespace === 'executionContext' && options.metadata && !metadataRegistered) {
        (api as Context['apis']['executionContext']).registerMetadataFns(options.metadata as never);
        metadataRegistered = true;
      }
    },
  };

  const context = {
    apis,
    arch: process.arch,
    assignment: options.assignment,
    cluster: { isMaster: false, isWorker: true, worker: { id: options.hostId }, workers: {} },
    cluster_name: options.clusterName,
    logger,
    name: 'teraslice',
    platform: process.platform,
    sysconfig,
  } as unknown as Context;

  return {
    context,
    logger,
    setCurrentSlice: (slice) => {
      currentSlice = slice;
    },
    setLogLevel,
    metrics: metrics.read,
  };
}

/** Fields that every line has already would stand in it twice. */
function withoutKnown(
  given: Record<string, unknown> | undefined,
  known: Record<string, unknown>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([key, value]) => known[key] !== value));
}
