import { execFile } from 'node:child_process';
import { devNull } from 'node:os';
import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SEARCH_ATTRIBUTES } from '../../workflows/types.js';

const run = promisify(execFile);

/** Where the embedded server listens and what its Web UI asks to decode payloads. */
export interface ServerLayout {
  /** gRPC port on 127.0.0.1. */
  port: number;
  /** Port of the Web UI; 0: none. */
  uiPort: number;
  namespace: string;
  /** URL of the codec endpoint, as a browser reaches it. */
  codecEndpoint: string;
}

/** How long closed executions stay inspectable and recoverable from their history, in hours. */
const RETENTION_HOURS = 7 * 24;

/** Command line of the server. */
export function serverArguments(layout: ServerLayout, databaseFile: string): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(layout.port)],
    ...(layout.uiPort
      ? ['--ui-port', String(layout.uiPort), '--ui-codec-endpoint', layout.codecEndpoint]
      : ['--headless']),
    ...['--db-filename', databaseFile, '--namespace', layout.namespace],
    ...['--log-level', 'error', '--log-format', 'json'],
    // Its single shard otherwise polls 20 times a second: a round trip takes 97 ms instead of 15.
    ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
    // Otherwise a workflow task during which more than 50 leases end is thrown away, and the run is replayed.
    ...['--dynamic-config-value', 'history.maximumBufferedEventsBatch=10000'],
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=1'],
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

/** This process's environment without a person's own settings for Temporal, which mean other servers. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(own), TEMPORAL_CONFIG_FILE: devNull };
}

/**
 * Waits until the server answers, then sets the namespace's retention and search attributes.
 * The server's own flags cover neither retention nor a database file that exists already.
 *
 * @throws Error if it does not answer within `limit` ms, or a setting is refused
 */
export async function prepareServer(
  binary: string,
  layout: ServerLayout,
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  const operator = async (...args: string[]): Promise<string> => {
    const target = ['--address', `127.0.0.1:${layout.port}`, '--namespace', layout.namespace];
    const options = { env: serverEnvironment(), timeout: 10_000, signal };
    return (await run(binary, ['operator', ...args, ...target, '-o', 'json'], options)).stdout;
  };
  const deadline = Date.now() + limit;
  while (!(await accepts(layout.port))) await pause(deadline, limit, signal);
  let described: string | undefined;
  while ((described = await operator('namespace', 'describe').catch(() => undefined)) === undefined) {
    await pause(deadline, limit, signal);
  }
  if (retentionHours(described) < RETENTION_HOURS) {
    await operator('namespace', 'update', '--retention', `${RETENTION_HOURS}h`);
  }
  const names = SEARCH_ATTRIBUTES.flatMap((name) => ['--name', name]);
  await operator('search-attribute', 'create', ...names, '--type', 'Keyword');
}

async function pause(deadline: number, limit: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (Date.now() > deadline) throw new Error(`it did not answer within ${limit / 1000} s`);
  await delay(50, undefined, { signal });
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function retentionHours(description: string): number {
  const parsed = JSON.parse(description) as { config?: { workflowExecutionRetentionTtl?: string } };
  return parseInt(parsed.config?.workflowExecutionRetentionTtl ?? '0', 10) / 3600;
}
