import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import {
  MasterClient,
  type HostAssignment,
  type PresenceRequest,
  type PresenceResponse,
} from '../../../src/workers/node/master-client.js';
import { Presence } from '../../../src/workers/node/presence.js';
import { until } from '../../support/until.js';

const ASSIGNMENT: HostAssignment = { host_id: 'h', ex_id: 'e', kind: 'worker', epoch: 0, draining: false };

/** A master that answers presences as a test tells it to. */
class Master {
  readonly requests: PresenceRequest[] = [];
  readonly tokens: Array<string | undefined> = [];
  answer: (request: PresenceRequest) => Promise<Partial<PresenceResponse> | number> = async () => ({});
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));

  async start(port = 0): Promise<number> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The node let go of it.
      return;
    }
    const body = JSON.parse(Buffer.concat(chunks).toString()) as PresenceRequest;
    this.tokens.push(request.headers['x-temposlice-token'] as string | undefined);
    this.requests.push(body);
    const answer = await this.answer(body);
    if (typeof answer === 'number') response.writeHead(answer).end(JSON.stringify({ message: 'no' }));
    else response.end(JSON.stringify({ assignments: [], acknowledged: [], version: 'v1', ...answer }));
  }
}

let master: Master;
let presence: Presence;
let answers: PresenceResponse[];
let reports: Pick<PresenceRequest, 'hosts' | 'hopeless'>;
let abandoned: number;
let replaced: string[];
let warnings: string[];

async function setUp(fenceTimeout = 30_000): Promise<number> {
  master = new Master();
  const port = await master.start();
  answers = [];
  abandoned = 0;
  replaced = [];
  warnings = [];
  reports = { hosts: [], hopeless: [] };
  presence = new Presence(
    new MasterClient({ port, clusterToken: 'secret' }),
    {
      node_id: 'node-1',
      incarnation: 'first',
      hostname: 'machine',
      pid: 1,
      slots: 4,
      node_version: 'v20.11.0',
      version: '0.1.0',
      draining: false,
    },
    {
      reports: () => reports,
      answered: (response) => void answers.push(response),
      abandoned: () => void abandoned++,
      replaced: ({ message }) => void replaced.push(message),
    },
    fenceTimeout,
    pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line).err.message) }),
  );
  return port;
}

afterEach(async () => {
  await presence.stop();
  await master.stop();
});

/** An answer that is held until the node lets go, as a master holds it while nothing changes. */
const held = (): Promise<never> => new Promise(() => undefined);

it('tells who it is and what it hosts, and hands on what a master wants', async () => {
  await setUp();
  reports.hopeless = [{ ex_id: 'e', count: 1, reason: 'r' }];
  master.answer = async ({ known }) => (known === '' ? { assignments: [ASSIGNMENT], version: 'v2' } : held());
  presence.start();
  await until(() => master.requests.length === 2);
  expect(answers).toEqual([{ assignments: [ASSIGNMENT], acknowledged: [], version: 'v2' }]);
  expect(master.requests[0]).toMatchObject({
    node: { node_id: 'node-1', incarnation: 'first', slots: 4, draining: false },
    hosts: [],
    hopeless: [{ ex_id: 'e', count: 1, reason: 'r' }],
    known: '',
  });
  expect(master.requests[1]).toMatchObject({ known: 'v2', wait: 1_000 });
  expect(master.tokens[0]).toBe('secret');
});

it('says at once whether it reaches Temporal', async () => {
  await setUp();
  master.answer = held;
  presence.start();
  await until(() => master.requests.length === 1);
  presence.fence('fenced');
  await until(() => master.requests.length === 2);
  expect(master.requests[1]).toMatchObject({ node: { fence: 'fenced' } });
});

it('reports a change at once, though its last presence is held', async () => {
  await setUp();
  master.answer = held;
  presence.start();
  await until(() => master.requests.length === 1);
  const host = { host_id: 'h', state: 'ended', pid: null, busy: false, recoverable: null } as const;
  reports.hosts = [host];
  presence.changed();
  await until(() => master.requests.length === 2, 500);
  expect(master.requests[1]).toMatchObject({ hosts: [host], wait: 0 });
});

it('hears answers while changes keep coming', async () => {
  await setUp();
  master.answer = async () => {
    await delay(40);
    return { assignments: [ASSIGNMENT] };
  };
  presence.start();
  const changes = setInterval(() => presence.changed(), 10);
  try {
    await until(() => answers.length >= 3, 3_000);
  } finally {
    clearInterval(changes);
  }
});

it('says that it drains', async () => {
  await setUp();
  master.answer = held;
  presence.start();
  await until(() => master.requests.length === 1);
  presence.drain();
  await until(() => master.requests.length === 2);
  expect(master.requests[1]?.node.draining).toBe(true);
});

it('goes on asking when a master fails or is away, and hands on nothing meanwhile', async () => {
  const port = await setUp();
  master.answer = async () => 500;
  presence.start();
  await until(() => master.requests.length === 2);
  await master.stop();
  master = new Master();
  await master.start(port);
  expect(answers).toEqual([]);
  await until(() => answers.length > 0);
  expect(abandoned).toBe(0);
});

it('says why no master answers once, and again when that is something else', async () => {
  await setUp();
  let answered = 0;
  master.answer = async () => (++answered < 3 ? 500 : 401);
  presence.start();
  await until(() => answered === 5);
  expect(warnings).toEqual([expect.stringContaining('500'), expect.stringContaining('401')]);
});

it('says that it is abandoned when no master answered for the fence timeout, and again after it', async () => {
  await setUp(700);
  master.answer = async () => 503;
  presence.start();
  await until(() => abandoned === 2);
  expect(answers).toEqual([]);
});

it('asks no more once another node has its id, and says so', async () => {
  await setUp();
  master.answer = async () => 409;
  presence.start();
  await until(() => replaced.length > 0);
  presence.changed();
  await delay(50);
  expect(replaced).toEqual(['no']);
  expect(master.requests).toHaveLength(1);
});

it('says goodbye with the ends of its hosts', async () => {
  await setUp();
  presence.start();
  await until(() => answers.length > 0);
  const host = { host_id: 'h', state: 'ended', pid: null, busy: false, recoverable: null } as const;
  reports.hosts = [host];
  await presence.stop();
  expect(master.requests.at(-1)).toMatchObject({ hosts: [host], wait: 0 });
  const asked = master.requests.length;
  presence.changed();
  await delay(50);
  expect(master.requests).toHaveLength(asked);
});
