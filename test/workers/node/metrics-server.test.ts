import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { pino } from 'pino';
import { serveMetrics, type MetricsServer } from '../../../src/workers/node/metrics-server.js';
import { cleanUp, leaseOf, run, start } from './support/hosts.js';

const logger = pino({ level: 'silent' });
let server: MetricsServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
  await cleanUp();
});

const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${server?.port}${path}`);

it('serves what the operations of all hosts measure, and leaves out a host that is blocked', async () => {
  const foundation = {
    terafoundation: { prom_metrics_add_default: true },
    teraslice: {},
    connectors: {},
  };
  const hosts = await Promise.all(
    ['a', 'b', 'blocked'].map((hostId) => start({ hostId, metrics: true, foundation })),
  );
  const off = await start({ hostId: 'off' });
  const all = [...hosts, off].map(({ host }) => host);
  server = await serveMetrics({ port: 0, host: '127.0.0.1' }, () => all, logger);

  const blocked = hosts[2]!;
  void run(blocked.host, leaseOf([{ act: 'spin' }])).catch(() => undefined);
  await blocked.begun();
  const response = await get('/metrics');
  expect(response.headers.get('content-type')).toContain('text/plain');
  const text = await response.text();
  const sample = /^teraslice_job_process_cpu_seconds_total\{(.*)\} [\d.e-]+$/gm;
  const found = [...text.matchAll(sample)].map(([, labels]) => /worker_id="(\w+)"/.exec(labels!)?.[1]);
  expect(found.sort()).toEqual(['a', 'b']);
  expect(text).toContain(`ex_id="${hosts[0]!.setup.execution.ex_id}"`);
});

it('serves nothing else', async () => {
  server = await serveMetrics({ port: 0, host: '127.0.0.1' }, () => [], logger);
  expect((await get('/metrics')).status).toBe(200);
  expect((await get('/')).status).toBe(404);
});

it('names a port that is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(serveMetrics({ port, host: '127.0.0.1' }, () => [], logger)).rejects.toThrow(
    `port ${port} is taken: choose another with --metrics-port`,
  );
  other.close();
});
