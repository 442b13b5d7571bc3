import { dieWithParent } from '../../operations/parent-watch.js';
import { describeError } from '../../operations/errors.js';
import { writeFrame } from './frames.js';
import { HostMetadata } from './metadata.js';
import { ProgressWriter } from './progress.js';
import { PIPE_FD, type FromHost, type HostSetup, type ToHost } from './protocol.js';
import { SlicerHost } from './slicer-host.js';
import { WorkerHost } from './worker-host.js';
import { holdHeap } from './heap-growth.js';

/**
 * The process that holds one execution's operations: a worker, or the slicer. Started by a node.
 *
 *     started → loaded → (setup) → ready ⇄ busy → (drain) → flushed → exit
 *
 * It ends with its node, and when its node has not pinged for the fence timeout.
 */
dieWithParent();

const send = (message: FromHost): void => writeFrame(PIPE_FD, message);
const metadata = new HostMetadata(send);
let host: WorkerHost | SlicerHost | undefined;
let silentSeconds = 0;

async function setUp(setup: HostSetup): Promise<void> {
  // As if forked for it: one that was forked ahead had other arguments.
  process.title = [process.argv0, process.argv[1], setup.kind, setup.execution.ex_id].join(' ');
  // Seconds are counted, not read off the clock: a machine that slept has lost none of its pings.
  setInterval(() => {
    if (++silentSeconds <= setup.fenceSeconds) return;
    send({ type: 'fenced' });
    process.exit(1);
  }, 1_000).unref();
  try {
    const options = {
      hostId: setup.hostId,
      clusterName: setup.clusterName,
      logDir: setup.logDir,
      logLevel: setup.logLevel,
      assetsDirectory: setup.assetsDirectory,
      shutdownTimeout: setup.shutdownTimeout,
      foundation: setup.foundation,
      metrics: setup.metrics,
      metadata,
    };
    host =
      setup.kind === 'worker'
        ? await WorkerHost.start(setup.execution, options, send, new ProgressWriter())
        : SlicerHost.start(setup.execution, options, send);
    send({ type: 'ready' });
  } catch (error) {
    send({ type: 'initFailed', error: describeError(error) });
    process.exit(1);
  }
}

async function drain(): Promise<void> {
  try {
    await host?.end();
    send({ type: 'flushed' });
  } catch (error) {
    send({ type: 'flushed', error: describeError(error) });
  }
  process.exit(0);
}

process.on('message', (message: ToHost) => {
  holdHeap();
  switch (message.type) {
    case 'setup':
      void setUp(message.setup);
      break;
    case 'ping':
      silentSeconds = 0;
      break;
    case 'lease':
      if (host instanceof WorkerHost) void host.run(message.lease);
      break;
    case 'halt':
      if (host instanceof WorkerHost) host.halt();
      break;
    case 'create':
      if (host instanceof SlicerHost) void host.create(message.call, message.input);
      break;
    case 'drain':
      void drain();
      break;
    case 'metadata':
      metadata.answer(message);
      break;
    case 'readMetrics':
      void (host?.metrics() ?? Promise.resolve([]))
        .catch(() => [])
        .then((metrics) => send({ type: 'metrics', metrics }));
  }
});

send({ type: 'loaded' });
