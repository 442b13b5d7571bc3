import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Kinds of processes of a stack, as figures are given for them. */
export type Kind =
  | 'supervisor'
  | 'temporal'
  | 'temporal guard'
  | 'master'
  | 'validator'
  | 'node'
  | 'worker'
  | 'slicer'
  | 'idle host'
  | 'ended'
  | 'other';

export interface ProcessUsage {
  pid: number;
  kind: Kind;
  /** Processor time since its start, in s. */
  cpu: number;
  /** The same of children of it that have ended. */
  endedCpu: number;
  /** Resident memory in MB, shared pages included. */
  rss: number;
  /** Its share of resident memory in MB: a page shared by n processes counts 1/n. */
  pss: number;
}

/** What the hosts among the processes do, by process id. */
export type Hosts = ReadonlyMap<number, 'worker' | 'slicer'>;

/** Length of a clock tick of /proc, in s. */
let tick: number | undefined;
const clockTick = (): number =>
  (tick ??= 1 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })));

/** Whether this system tells what processes use the way Linux does. */
export const canInspect = process.platform === 'linux';

/** The process and all below it, with what each uses. Those that end meanwhile are left out. */
export function inspect(root: number, hosts: Hosts = new Map()): ProcessUsage[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(Number(name));
      return stat ? [stat] : [];
    });
  const family = new Set([root]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all
    .filter(({ pid }) => family.has(pid))
    .flatMap(({ pid, cpu, endedCpu }) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
        return [{ pid, kind: kindOf(pid, command, hosts), cpu, endedCpu, ...memoryOf(pid) }];
      } catch {
        return [];
      }
    });
}

function kindOf(pid: number, command: string, hosts: Hosts): Kind {
  const host = hosts.get(pid);
  if (host) return host;
  if (/host\/main\.js/.test(command)) return 'idle host';
  if (/validate-child\.js/.test(command)) return 'validator';
  if (/temporal\/guard\.js/.test(command)) return 'temporal guard';
  if (/server start-dev/.test(command)) return 'temporal';
  const member = /cli\.js (start|master|node)\b/.exec(command)?.[1];
  if (member === 'start') return 'supervisor';
  return (member as 'master' | 'node' | undefined) ?? 'other';
}

function statOf(pid: number): { pid: number; parent: number; cpu: number; endedCpu: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name in parentheses may hold blanks itself: fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const seconds = (user: number, system: number): number =>
      (Number(fields[user]) + Number(fields[system])) * clockTick();
    return { pid, parent: Number(fields[1]), cpu: seconds(11, 12), endedCpu: seconds(13, 14) };
  } catch {
    return undefined;
  }
}

function memoryOf(pid: number): { rss: number; pss: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) / 1024;
  return { rss: megabytes('Rss'), pss: megabytes('Pss') };
}

/**
 * Processor seconds between two looks, by kind; processes that came in between count from their start, and those
 * that ended as `ended`.
 */
export function cpuBetween(before: ProcessUsage[], after: ProcessUsage[]): Map<Kind, number> {
  const earlier = new Map(before.map(({ pid, cpu }) => [pid, cpu]));
  const sums = new Map<Kind, number>();
  for (const { pid, kind, cpu } of after) {
    sums.set(kind, (sums.get(kind) ?? 0) + cpu - (earlier.get(pid) ?? 0));
    earlier.delete(pid);
  }
  const ended = (usage: ProcessUsage[]): number => usage.reduce((sum, { endedCpu }) => sum + endedCpu, 0);
  const beforeTheyEnded = [...earlier.values()].reduce((sum, cpu) => sum + cpu, 0);
  const meanwhile = ended(after) - ended(before) - beforeTheyEnded;
  return meanwhile > 0 ? sums.set('ended', meanwhile) : sums;
}

/** Text like `worker 71%, temporal 12%`: shares of the processor time that was used, largest first. */
export function shares(cpu: Map<Kind, number>): string {
  const total = [...cpu.values()].reduce((sum, seconds) => sum + seconds, 0);
  return [...cpu]
    .sort(([, a], [, b]) => b - a)
    .filter(([, seconds]) => seconds >= total / 100)
    .map(([kind, seconds]) => `${kind} ${Math.round((100 * seconds) / total)}%`)
    .join(', ');
}
