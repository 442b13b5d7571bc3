import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection, WorkflowClient } from '@temporalio/client';
import { identify } from '../../src/workers/process-identity.js';
import { findFreePort } from '../../src/workers/ports.js';
import { obtainTemporal } from '../../src/workers/temporal/binary.js';
import { until } from '../support/until.js';

const OWNER = fileURLToPath(new URL('./fixtures/temporal-owner.mjs', import.meta.url));

interface Pids {
  guard: number;
  server: number;
}

let dataDir: string;
let port: number;
let uiPort: number;
let owner: ChildProcess;

const alive = (pid: number): boolean => identify(pid) !== undefined;

async function startOwner(): Promise<Pids> {
  const binary = await obtainTemporal();
  const dist = new URL('../../dist', import.meta.url).href;
  owner = fork(OWNER, [JSON.stringify({ dist, dataDir, binary, port, uiPort })], { execArgv: [] });
  return nextPids();
}

async function nextPids(): Promise<Pids> {
  const [pids] = (await once(owner, 'message')) as [Pids];
  return pids;
}

async function end(signal: NodeJS.Signals): Promise<void> {
  if (owner.exitCode !== null || owner.signalCode !== null) return;
  const gone = once(owner, 'exit');
  owner.kill(signal);
  await gone;
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'temposlice-temporal-'));
  [port, uiPort] = [await findFreePort(), await findFreePort()];
});

afterEach(async () => {
  await end('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

async function withClient<T>(
  use: (client: WorkflowClient, connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  try {
    return await use(new WorkflowClient({ connection }), connection);
  } finally {
    await connection.close();
  }
}

it('answers with a week of retention, the search attributes and its Web UI, also on an older database', async () => {
  for (const _run of ['fresh database', 'the same again']) {
    const pids = await startOwner();
    await withClient(async (_client, connection) => {
      const described = await connection.workflowService.describeNamespace({ namespace: 'default' });
      expect(Number(described.config?.workflowExecutionRetentionTtl?.seconds)).toBe(7 * 24 * 3600);
      await until(async () => {
        const { customAttributes } = await connection.operatorService.listSearchAttributes({
          namespace: 'default',
        });
        return ['TemposliceJobId', 'TemposliceJobName', 'TemposliceStatus'].every(
          (name) => customAttributes![name],
        );
      });
    });
    const ui = await fetch(`http://127.0.0.1:${uiPort}/api/v1/settings`);
    expect(await ui.json()).toMatchObject({ Codec: { Endpoint: 'http://127.0.0.1:5678/codec' } });
    await end('SIGTERM');
    expect([pids.guard, pids.server].filter(alive)).toEqual([]);
  }
});

it.each(['server', 'guard'] as const)(
  'comes back on the same port and database when its %s is killed',
  async (victim) => {
    const before = await startOwner();
    await withClient((client) => client.start('any', { workflowId: 'kept', taskQueue: 'nobody' }));
    const back = nextPids();
    process.kill(before[victim], 'SIGKILL');
    const after = await back;
    expect(after.server).not.toBe(before.server);
    expect(alive(before.server)).toBe(false);
    await withClient(async (client) => {
      expect((await client.getHandle('kept').describe()).status.name).toBe('RUNNING');
    });
  },
);

it('does not outlive a killed owner', async () => {
  const pids = await startOwner();
  await end('SIGKILL');
  await until(() => !alive(pids.guard) && !alive(pids.server));
});

it('is ended by the next start if owner and guard were killed', async () => {
  const before = await startOwner();
  process.kill(before.guard, 'SIGKILL');
  await end('SIGKILL');
  const after = await startOwner();
  expect(alive(before.server)).toBe(false);
  expect(alive(after.server)).toBe(true);
});
