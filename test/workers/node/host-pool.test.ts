import { readdirSync, readlinkSync } from 'node:fs';
import { pino } from 'pino';
import type { Settings } from '../../../src/settings.js';
import { HostPool } from '../../../src/workers/node/host-pool.js';
import type { HostAssignment, MasterClient } from '../../../src/workers/node/master-client.js';
import { until } from '../../support/until.js';

const HOST = '11111111-2222-4333-8444-555555555555';

/** Paths of what this process has open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The folder itself was open while it was read.
      return [];
    }
  });
}

/** A pool whose master gives this document of an execution. */
const poolOf = (
  execution: object,
  { ensure = async () => undefined, onChange = () => undefined }: Partial<Options> = {},
): HostPool =>
  new HostPool(
    { warmHosts: 0, hostMemory: 128, dataDir: '.', assetsDir: '.', slots: 4 } as Settings,
    { terafoundation: {}, teraslice: {}, connectors: {} },
    { execution: async () => execution } as unknown as MasterClient,
    { ensure },
    pino({ level: 'silent' }),
    onChange,
    () => undefined,
  );

interface Options {
  ensure(): Promise<void>;
  onChange(): void;
}

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
  const pool = poolOf({ assets: ['a'.repeat(40)] }, { ensure, onChange: () => changed() });
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

it.each([
  ['a variable with NUL', { A: 'x\0' }],
  ['a variable that is too long', { A: 'x'.repeat(256 * 1024) }],
])(
  'counts a host as dead before it was ready that the system does not start: %s',
  async (_what, env_vars) => {
    let apply = (): void => undefined;
    const pool = poolOf({ ex_id: 'ex', operations: [], env_vars }, { onChange: () => apply() });
    const files = (): string[] => openFiles().filter((path) => path.includes('.progress-'));
    const before = files().length;
    const hosts = ['slicer', 'worker', 'worker'].map(
      (kind, i) => ({ host_id: `${HOST}-${i}`, ex_id: 'ex', kind, draining: false }) as HostAssignment,
    );
    // As with each presence.
    apply = () => pool.apply(hosts);
    apply();
    await until(() => (pool.hopeless()[0]?.count ?? 0) >= 3);
    expect(pool.hopeless()).toMatchObject([{ ex_id: 'ex' }]);
    expect(pool.hopeless()[0]?.reason).toMatch(/^its host could not be started: .*(null bytes|E2BIG)/);
    expect(files()).toHaveLength(before);
    expect(pool.all()).toEqual([]);
    // None is about to be tried again when the test is over.
    const given = new Promise<void>((resolve) => (apply = resolve));
    await pool.drainAll();
    await given;
  },
);
