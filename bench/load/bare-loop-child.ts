/**
 * The bare loop: an execution's operations in a plain loop over `runSlice`, without any orchestration. It runs
 * job-components as it is published, without what hosts do to make it faster.
 *
 *     started → (setup) → ready → (run) → result → exit
 */
import { WorkerExecutionContext, type ExecutionConfig, type Slice } from '@terascope/job-components';
import { createContext } from '../../src/operations/context.js';
import type { ExecutionDocument } from '../../src/store/types.js';

export interface BareLoopSetup {
  execution: ExecutionDocument;
  assetsDirectory: string;
  logDir: string;
  seconds: number;
}

export type ToBareLoop = { type: 'setup'; setup: BareLoopSetup } | { type: 'run' };
export type FromBareLoop =
  { type: 'ready' } | { type: 'result'; slices: number; seconds: number; cpuSeconds: number };

const send = (message: FromBareLoop): void => void process.send?.(message);
let run: (() => Promise<void>) | undefined;

async function setUp({ execution, seconds, ...directories }: BareLoopSetup): Promise<void> {
  const { context } = createContext({
    ...directories,
    assignment: 'worker',
    hostId: `bare-loop-${process.pid}`,
    exId: execution.ex_id,
    jobId: execution.job_id,
    clusterName: 'bench',
    logLevel: 'warn',
    shutdownTimeout: 1_000,
  });
  const worker = await WorkerExecutionContext.createContext({
    context,
    executionConfig: execution as unknown as ExecutionConfig,
    assetIds: execution.assets ?? [],
  });
  await worker.initialize();
  run = async () => {
    const slices = await loop((slice) => worker.runSlice(slice), seconds);
    send(slices);
    process.disconnect();
    process.exit(0);
  };
}

async function loop(
  runSlice: (slice: Slice) => Promise<unknown>,
  limit: number,
): Promise<Extract<FromBareLoop, { type: 'result' }>> {
  const began = performance.now();
  const cpuBefore = process.cpuUsage();
  for (let n = 0; ; n++) {
    await runSlice({ slice_id: String(n), slicer_id: 0, slicer_order: n + 1, request: { n }, _created: '' });
    const seconds = (performance.now() - began) / 1_000;
    if (seconds < limit) continue;
    const { user, system } = process.cpuUsage(cpuBefore);
    return { type: 'result', slices: n + 1, seconds, cpuSeconds: (user + system) / 1_000_000 };
  }
}

process.on('message', (message: ToBareLoop) => {
  if (message.type === 'run') return void run?.();
  void setUp(message.setup).then(() => send({ type: 'ready' }));
});
process.on('disconnect', () => process.exit(1));
