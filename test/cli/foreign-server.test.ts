import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listOf } from '../../src/cli/foreign-server.js';

/** Three jobs in each millisecond. */
const jobs = Array.from({ length: 25_000 }, (_, n) => ({
  job_id: String(n),
  _created: new Date(Date.UTC(2024, 0) + Math.floor(n / 3)).toISOString(),
}));

let server: Server;
let url: string;
/** Whether the server knows filters; Teraslices of old do not. */
let filtering = true;
beforeAll(async () => {
  // What a Teraslice answers: what OpenSearch refuses is a 500.
  server = createServer((request, response) => {
    const query = new URL(request.url!, url).searchParams;
    const [from, size] = [Number(query.get('from')), Number(query.get('size'))];
    const since = /^_created:\["(.*)" TO \*\]$/.exec(query.get('filter') ?? '')?.[1] ?? '';
    const found = jobs.filter((job) => !filtering || job._created >= since);
    response.statusCode = from + size > 10_000 ? 500 : 200;
    response.end(JSON.stringify(response.statusCode === 200 ? found.slice(from, from + size) : {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const read = async (): Promise<unknown[]> => {
  const ids: unknown[] = [];
  for await (const job of listOf(url, '/jobs', 'job_id', { filters: true })) ids.push(job.job_id);
  return ids;
};

it('reads lists that are longer than OpenSearch gives at once', async () => {
  filtering = true;
  expect(await read()).toEqual(jobs.map((job) => job.job_id));
});

it('does not go round in circles where there are no filters', async () => {
  filtering = false;
  await expect(read()).rejects.toThrow('does not filter, so that only 10000 entries can be read');
});
