import { spawn } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { cpuBetween, inspect, shares, type Kind, type ProcessUsage } from '../../../bench/load/processes.js';
import { until } from '../../support/until.js';

const usage = (pid: number, kind: Kind, cpu: number): ProcessUsage => ({
  pid,
  kind,
  cpu,
  endedCpu: 0,
  rss: 1,
  pss: 1,
});

it('adds up what each kind used meanwhile, newcomers from their start', () => {
  const before = [usage(1, 'master', 10), usage(2, 'worker', 5), usage(3, 'worker', 7)];
  const after = [usage(1, 'master', 11), usage(2, 'worker', 8), usage(4, 'worker', 2)];
  expect(cpuBetween(before, after)).toEqual(
    new Map([
      ['master', 1],
      ['worker', 5],
    ]),
  );
});

it('counts those that ended meanwhile by what their parents tell of them', () => {
  const before = [{ ...usage(1, 'node', 10), endedCpu: 3 }, usage(2, 'worker', 5)];
  const after = [{ ...usage(1, 'node', 11), endedCpu: 3 + 5 + 4 }];
  expect(cpuBetween(before, after)).toEqual(
    new Map([
      ['node', 1],
      ['ended', 4],
    ]),
  );
});

it('names the largest share first and leaves out what is next to nothing', () => {
  const cpu = new Map<Kind, number>([
    ['master', 1],
    ['worker', 3],
    ['supervisor', 0.001],
  ]);
  expect(shares(cpu)).toBe('worker 75%, master 25%');
});

it('finds a process and those below it, with their memory', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
  try {
    await until(() => inspect(process.pid).some(({ pid, rss }) => pid === child.pid && rss > 10));
    const family = inspect(process.pid, new Map([[child.pid ?? 0, 'slicer']]));
    expect(family.find(({ pid }) => pid === child.pid)).toMatchObject({ kind: 'slicer' });
    const self = family.find(({ pid }) => pid === process.pid);
    expect(self?.cpu).toBeGreaterThan(0);
    expect(self?.pss).toBeLessThanOrEqual(self?.rss ?? 0);
    expect(inspect(child.pid ?? 0).map(({ pid }) => pid)).toEqual([child.pid]);
  } finally {
    child.kill('SIGKILL');
  }
});
