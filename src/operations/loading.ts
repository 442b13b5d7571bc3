import './cheap-analytics.js';
import './cheap-entities.js';
import './initialize-slice.js';
import './operation-loader.js';
import { SlicerExecutionContext, WorkerExecutionContext } from '#job-components';
import type { ExecutionConfig } from '#job-components';
import type { ExecutionDocument, ValidatedJob } from '../store/types.js';
import { createContext, type ContextOptions, type OperationContext } from './context.js';

export type LoadingOptions = Omit<ContextOptions, 'assignment' | 'exId' | 'jobId'>;

/** An execution's operations, constructed and not yet initialized, with the context they live in. */
export interface Loaded<T> extends OperationContext {
  execution: T;
}

type Execution = ValidatedJob & Pick<ExecutionDocument, 'ex_id' | 'job_id'>;

async function contextFor(
  execution: Execution,
  assignment: ContextOptions['assignment'],
  options: LoadingOptions,
): Promise<OperationContext> {
  const made = createContext({
    ...options,
    assignment,
    exId: execution.ex_id,
    jobId: execution.job_id,
    logLevel: execution.log_level ?? options.logLevel,
  });
  if (options.metrics) await initMetrics(execution, assignment, made.context);
  return made;
}

/** As Teraslice's worker and execution controller do it; a job may switch its metrics off. */
async function initMetrics(
  execution: Execution,
  assignment: ContextOptions['assignment'],
  { apis, sysconfig, logger }: OperationContext['context'],
): Promise<void> {
  const { terafoundation, teraslice } = sysconfig;
  const flag = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);
  await apis.foundation.promMetrics.init({
    terasliceName: teraslice.name,
    assignment,
    logger,
    tf_prom_metrics_enabled: terafoundation.prom_metrics_enabled,
    tf_prom_metrics_port: terafoundation.prom_metrics_port,
    tf_prom_metrics_add_default: terafoundation.prom_metrics_add_default,
    job_prom_metrics_enabled: flag(execution.prom_metrics_enabled),
    job_prom_metrics_add_default: flag(execution.prom_metrics_add_default),
    labels: { ex_id: execution.ex_id, job_id: execution.job_id, job_name: execution.name, assignment },
    prefix: 'teraslice_job_',
    prom_metrics_display_url: terafoundation.prom_metrics_display_url,
  });
}

function libraryConfig(execution: Execution, context: OperationContext['context']) {
  return {
    context,
    executionConfig: execution as unknown as ExecutionConfig,
    assetIds: execution.assets ?? [],
  };
}

/**
 * Loads and constructs the operations of a worker. The caller initializes, runs and shuts down `execution`.
 * @throws Error if an operation cannot be found or its constructor throws
 */
export async function createWorkerContext(
  execution: Execution,
  options: LoadingOptions,
): Promise<Loaded<WorkerExecutionContext>> {
  const made = await contextFor(execution, 'worker', options);
  return {
    ...made,
    execution: await WorkerExecutionContext.createContext(libraryConfig(execution, made.context)),
  };
}

/**
 * Loads and constructs the slicer of an execution. The caller initializes, runs and shuts down `execution`.
 * @throws Error if an operation cannot be found or its constructor throws
 */
export async function createSlicerContext(
  execution: Execution,
  options: LoadingOptions,
): Promise<Loaded<SlicerExecutionContext>> {
  const made = await contextFor(execution, 'execution_controller', options);
  return {
    ...made,
    execution: await SlicerExecutionContext.createContext(libraryConfig(execution, made.context)),
  };
}
