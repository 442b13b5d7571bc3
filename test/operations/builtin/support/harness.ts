import { basename, dirname } from 'node:path';
import {
  JobValidator,
  newTestExecutionConfig,
  SlicerExecutionContext,
  TestContext,
  WorkerExecutionContext,
} from '@terascope/job-components';
import type { ExecutionConfig, OpConfig, Slice, SlicerRecoveryData } from '@terascope/job-components';
import { BUILTIN_DIRECTORY } from '../../../../src/operations/builtin/index.js';

// the loader's own switch: lets it find operations that are not compiled
Object.assign(globalThis, { availableExtensions: ['.ts', '.js'] });

const ASSETS = [basename(BUILTIN_DIRECTORY)];

export interface TestJob {
  operations: ({ _op: string } & Record<string, unknown>)[];
  lifecycle?: 'once' | 'persistent';
  slicers?: number;
}

function createTestContext(): TestContext {
  const context = new TestContext('builtin');
  context.sysconfig.teraslice.assets_directory = dirname(BUILTIN_DIRECTORY);
  return context;
}

/** The job as the library validates it, with the defaults of its operations. */
export async function validate(job: TestJob): Promise<{ operations: OpConfig[] }> {
  const context = createTestContext();
  const operations = job.operations.length > 1 ? job.operations : [...job.operations, { _op: 'noop' }];
  const { lifecycle = 'once', slicers = 1 } = job;
  return new JobValidator(context).validateConfig({
    name: 'test',
    assets: ASSETS,
    lifecycle,
    slicers,
    max_retries: 0,
    operations,
  } as never);
}

async function executionOf(job: TestJob): Promise<ExecutionConfig> {
  return newTestExecutionConfig((await validate(job)) as never);
}

export async function createSlicer(
  job: TestJob,
  recoveryData: SlicerRecoveryData[] = [],
): Promise<SlicerExecutionContext> {
  const context = createTestContext();
  const slicer = await SlicerExecutionContext.createContext({
    context,
    executionConfig: await executionOf(job),
    assetIds: ASSETS,
  } as never);
  await slicer.initialize(recoveryData);
  return slicer;
}

/** All slices of a job that ends, or the first `limit`. */
export async function slicesOf(
  job: TestJob,
  recoveryData: SlicerRecoveryData[] = [],
  limit = Infinity,
): Promise<Slice[]> {
  const context = await createSlicer(job, recoveryData);
  const slicer = context.slicer();
  const slices: Slice[] = [];
  for (let done = false; !done && slices.length < limit;) {
    done = await slicer.handle();
    slices.push(...slicer.getSlices(10_000));
  }
  await context.shutdown();
  return slices.slice(0, limit);
}

export async function createWorker(job: TestJob): Promise<WorkerExecutionContext> {
  const worker = await WorkerExecutionContext.createContext({
    context: createTestContext(),
    executionConfig: await executionOf(job),
    assetIds: ASSETS,
  } as never);
  await worker.initialize();
  return worker;
}

/** Runs one slice through reader and processors, and gives what comes out. */
export async function runSlice(
  worker: WorkerExecutionContext,
  slice: Slice,
): Promise<Record<string, unknown>[]> {
  const { results } = await worker.runSlice(slice);
  return results.map((record) => ({ ...record }));
}

/** The records of each slice of a job. */
export async function readAll(job: TestJob): Promise<Record<string, unknown>[][]> {
  const slices = await slicesOf(job);
  const worker = await createWorker(job);
  const records: Record<string, unknown>[][] = [];
  for (const slice of slices) records.push(await runSlice(worker, slice));
  await worker.shutdown();
  return records;
}
