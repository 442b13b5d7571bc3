import './operation-loader.js';
import { SlicerExecutionContext, WorkerExecutionContext } from '@terascope/job-components';
import type { ExecutionConfig } from '@terascope/job-components';
import type { ExecutionDocument, ValidatedJob } from '../store/types.js';
import { createContext, type ContextOptions, type OperationContext } from './context.js';

export type LoadingOptions = Omit<ContextOptions, 'assignment' | 'exId' | 'jobId'>;

/** An execution's operations, constructed and not yet initialized, with the context they live in. */
export interface Loaded<T> extends OperationContext {
  execution: T;
}

type Execution = ValidatedJob & Pick<ExecutionDocument, 'ex_id' | 'job_id'>;

function contextFor(
  execution: Execution,
  assignment: ContextOptions['assignment'],
  options: LoadingOptions,
): OperationContext {
  return createContext({
    ...options,
    assignment,
    exId: execution.ex_id,
    jobId: execution.job_id,
    logLevel: execution.log_level ?? options.logLevel,
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
  const made = contextFor(execution, 'worker', options);
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
  const made = contextFor(execution, 'execution_controller', options);
  return {
    ...made,
    execution: await SlicerExecutionContext.createContext(libraryConfig(execution, made.context)),
  };
}
