import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obtainTemporal } from '../../src/workers/temporal/binary.js';
import {
  prepareServer,
  serverArguments,
  serverEnvironment,
} from '../../src/workers/temporal/server-setup.js';

const READY_LIMIT_MS = 60_000;

/** Requests that a Temporal server has answered, by operation. */
export type Calls = Map<string, number>;

/** A Temporal server like the embedded one that counts its requests. */
export class CountingTemporal {
  private constructor(
    readonly address: string,
    private readonly metricsPort: number,
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(): Promise<CountingTemporal> {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const directory = mkdtempSync(join(tmpdir(), 'temposlice-bench-temporal-'));
    const layout = { port, uiPort: 0, namespace: 'default', codecEndpoint: '' };
    const binary = await obtainTemporal();
    const args = [
      ...serverArguments(layout, join(directory, 'temporal.db')),
      '--metrics-port',
      `${metricsPort}`,
    ];
    const child = spawn(binary, args, { env: serverEnvironment(), stdio: 'ignore' });
    const server = new CountingTemporal(`127.0.0.1:${port}`, metricsPort, child, directory);
    try {
      await prepareServer(binary, layout, READY_LIMIT_MS, AbortSignal.timeout(READY_LIMIT_MS));
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Requests of clients so far, by operation. */
  async calls(): Promise<Calls> {
    const response = await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`);
    return frontendRequests(await response.text());
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.pid !== undefined) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Reads `service_requests` of the frontend out of metrics in the text format of Prometheus. */
export function frontendRequests(metrics: string): Calls {
  const calls: Calls = new Map();
  for (const [, labels, value] of metrics.matchAll(/^service_requests\{([^}]*)\} (\S+)$/gm)) {
    if (!labels?.includes('service_name="frontend"')) continue;
    const operation = /operation="([^"]+)"/.exec(labels)?.[1];
    if (operation) calls.set(operation, (calls.get(operation) ?? 0) + Number(value));
  }
  return calls;
}

/** Calls from one count to another, those that were made only, most first. */
export function callsBetween(before: Calls, after: Calls): Calls {
  const made = [...after].map(([name, count]): [string, number] => [name, count - (before.get(name) ?? 0)]);
  return new Map(made.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
