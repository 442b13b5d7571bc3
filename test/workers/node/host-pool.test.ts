import { pino } from 'pino';
import type { Settings } from '../../../src/settings.js';
import { HostPool } from '../../../src/workers/node/host-pool.js';
import type { HostAssignment, MasterClient } from '../../../src/workers/node/master-client.js';

const HOST = '11111111-2222-4333-8444-555555555555';

it('gives up a host that still fetches its assets as soon as it is not wanted', async () => {
  let fetched = (): void => undefined;
  let asked = (): void => undefined;
  const fetching = new Promise<void>((resolve) => (asked = resolve));
  const ensure = () =>
    new Promise<void>((resolve) => {
      fetched = resolve;
      asked();
    });
  let changed = (): void => undefined;
  const change = new Promise<void>((resolve) => (changed = resolve));
  const pool = new HostPool(
    { warmHosts: 0, hostMemory: 128, dataDir: '.', assetsDir: '.' } as Settings,
    { terafoundation: {}, teraslice: {}, connectors: {} },
    { execution: async () => ({ assets: ['a'.repeat(40)] }) } as unknown as MasterClient,
    { ensure },
    pino({ level: 'silent' }),
    () => changed(),
    () => undefined,
  );
  const assignment = { host_id: HOST, ex_id: 'ex', kind: 'worker', draining: false } as HostAssignment;
  pool.apply([assignment]);
  await fetching;
  expect(pool.reports()).toEqual([]);

  pool.apply([{ ...assignment, draining: true }]);
  expect(pool.reports()).toMatchObject([{ host_id: HOST, state: 'ended', outcome: 'flushed' }]);
  pool.acknowledged([HOST]);
  pool.apply([]);

  fetched();
  await change;
  expect(pool.all()).toEqual([]);
  await pool.drainAll();
});
