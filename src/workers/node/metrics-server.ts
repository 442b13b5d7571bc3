import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { AggregatorRegistry } from 'prom-client';
import type { Logger } from '../../logger.js';
import type { MetricsData } from '../../operations/prom-metrics.js';
import { ConfigurationError } from '../configuration-error.js';

/** How long a host may take to answer, in ms: one whose operations block it is left out. */
const ANSWER_TIMEOUT = 2_000;

export interface MetricsServer {
  /** Port that it listens on. */
  port: number;
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics`: what the operations of a node's hosts measure, in Prometheus' text format. Every metric has the
 * labels `ex_id`, `job_id`, `assignment` and `worker_id`, so hosts stay apart.
 * @throws ConfigurationError if the port is taken
 */
export async function serveMetrics(
  address: { port: number; host: string },
  hosts: () => Array<{ metrics(): Promise<MetricsData> }>,
  logger: Logger,
): Promise<MetricsServer> {
  const read = async (): Promise<string> => {
    const answers = await Promise.all(
      hosts().map((host) =>
        Promise.race([host.metrics().catch(() => []), delay(ANSWER_TIMEOUT, [], { ref: false })]),
      ),
    );
    return AggregatorRegistry.aggregate(answers).metrics();
  };
  const server: Server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    read().then(
      (text) =>
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      (error: unknown) => {
        logger.warn({ err: error }, 'the metrics of operations cannot be read');
        response.writeHead(500).end();
      },
    );
  });
  server.listen(address.port, address.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new ConfigurationError(`port ${address.port} is taken: choose another with --metrics-port`);
  }
  const { port } = server.address() as { port: number };
  logger.info({ port, host: address.host }, 'metrics of operations are served');
  return {
    port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
