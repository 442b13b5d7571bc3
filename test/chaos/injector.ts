/**
 * Carries out the faults of a plan.
 *
 *     planned ──its turn──▶ in effect ──its time──▶ over, again up ──▶ recovered from
 *        └──nobody there to hit──▶ skipped
 *
 * A fault's turn comes when work goes on after those ahead of it, or has not for a while; that of one that is to
 * overlap when the one ahead has begun. A fault of everything is never overlapped by the one behind it: that would hit
 * the start of the whole cluster, in which `temposlice start` may give up with a reason.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning } from '../../src/workers/process-identity.js';
import { descendantsOf, kill, survivors, type FoundProcess } from '../support/processes.js';
import { until } from '../support/until.js';
import type { Cluster, Member } from './cluster.js';
import type { Monitor, SeenHost } from './monitor.js';
import type { Fault, Target } from './plan.js';
import { isGoingOn, Recovery } from './progress.js';
import type { Violations } from './violations.js';

/**
 * Time in which the hosts of something that was killed must be gone, in ms. It takes half a second at most, but one
 * that had just been forked first loads its modules, which takes its time on a machine that is busy.
 */
const ORPHAN_LIMIT = 30_000;
const TERM_LIMIT = 40_000;
/** Longest wait for work to go on, in ms. */
const RECOVERY_LIMIT = 60_000;

export interface Injected {
  fault: Fault;
  /** Whom it hit, or why nobody. */
  hit: string;
  skipped: boolean;
  began: number;
  ended: number | undefined;
  recovery: Recovery | undefined;
}

interface Victims {
  names: string[];
  processes: FoundProcess[];
  members: Member[];
  affected: string[];
  host?: SeenHost;
}

export class Injector {
  readonly injected: Injected[] = [];
  private readonly going = new Set<Promise<void>>();
  private whole: Promise<void> | undefined;
  private readonly standing = new Map<number, FoundProcess>();
  private readonly watches: Promise<void>[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly monitor: Monitor,
    private readonly violations: Violations,
    private readonly say: (line: string) => void,
  ) {}

  /**
   * Resolves when the faults are over and everything is up again.
   * @param last whether no further fault is to begin, given how many did
   */
  async run(plan: Iterator<Fault, never>, last: (begun: number) => boolean): Promise<void> {
    let begun = Date.now();
    for (let count = 0; !last(count); count++) {
      const fault = plan.next().value;
      if (fault.overlaps) await delay(Math.max(0, begun + fault.wait - Date.now()));
      else {
        await Promise.all(this.going);
        await until(() => this.recovered(), RECOVERY_LIMIT, 250).catch(() => undefined);
        await delay(fault.wait);
      }
      await this.whole;
      begun = Date.now();
      const going = this.inject(fault).finally(() => this.going.delete(going));
      this.going.add(going);
      if (isWhole(fault.target)) this.whole = going;
    }
    await Promise.all(this.going);
    await Promise.all(this.watches);
  }

  /** What the faults affected goes on, and so does something at all. */
  private recovered(): boolean {
    const active = this.monitor.active().map(([, seen]) => seen);
    return (
      this.injected.every(({ recovery }) => !recovery || recovery.pending.length === 0) &&
      (active.length === 0 || active.some(isGoingOn))
    );
  }

  private async inject(fault: Fault): Promise<void> {
    const victims = this.choose(fault);
    const entry: Injected = {
      fault,
      hit: victims?.names.join(', ') ?? 'nobody there',
      skipped: victims === undefined,
      began: Date.now(),
      ended: undefined,
      recovery: undefined,
    };
    this.injected.push(entry);
    const seconds = (fault.lasts / 1_000).toFixed(1);
    this.say(`${fault.number}. ${fault.action} ${fault.target}, ${seconds} s: ${entry.hit}`);
    if (!victims) {
      entry.ended = entry.began;
      return;
    }
    const { host } = victims;
    const measured =
      host?.kind === 'slicer'
        ? (seen: { issued: number }) => seen.issued
        : (seen: { processed: number }) => seen.processed;
    // What remains may go on at once, unless all needs the one that is gone.
    const others = fault.target === 'worker' || fault.target === 'slicer' || fault.target === 'node';
    const recovery = new Recovery(this.monitor, victims.affected, measured, others ? entry.began : undefined);
    entry.recovery = recovery;
    if (fault.action === 'suspend') await this.suspend(victims, fault.lasts, recovery);
    else await this.end(fault, victims, recovery);
    entry.ended = Date.now();
  }

  private async suspend({ processes }: Victims, ms: number, recovery: Recovery): Promise<void> {
    for (const found of processes) {
      this.standing.set(found.pid, found);
      kill(found.pid, 'SIGSTOP');
    }
    await delay(ms);
    recovery.since ??= Date.now();
    for (const found of processes) {
      this.standing.delete(found.pid);
      if (isRunning(found)) kill(found.pid, 'SIGCONT');
    }
  }

  private async end({ action, target, lasts }: Fault, victims: Victims, recovery: Recovery): Promise<void> {
    const { processes, members, names } = victims;
    if (victims.host) return processes.forEach(({ pid }) => kill(pid, 'SIGKILL'));
    const family = target === 'everything' ? processes : processes.flatMap(({ pid }) => descendantsOf(pid));
    const kept = members.map(({ name }) => name);
    this.cluster.hold(kept);
    if (target === 'supervisor') this.cluster.killSupervisor();
    else if (action === 'kill') for (const { pid } of processes) kill(pid, 'SIGKILL');
    else {
      for (const { pid } of members) kill(pid, 'SIGTERM');
      await until(() => !members.some(isRunning), TERM_LIMIT).catch(() =>
        this.violations.add('SIGTERM ends a process', `${names.join(', ')} still run after ${TERM_LIMIT} ms`),
      );
    }
    this.watches.push(this.expectGone(family, `${action} of ${names.join(', ')}`));
    if (target === 'supervisor')
      await until(() => survivors(family).length === 0, ORPHAN_LIMIT).catch(() => undefined);
    await delay(lasts);
    recovery.since ??= Date.now();
    await this.cluster.release(kept);
  }

  /** Hosts end with their node, whatever it dies of; one that stands still does so when it goes on. */
  private async expectGone(family: FoundProcess[], after: string): Promise<void> {
    let left = family;
    for (let since = Date.now(); Date.now() - since < ORPHAN_LIMIT; await delay(250)) {
      left = survivors(left);
      if (left.length === 0) return;
      if (left.some(({ pid }) => this.standing.has(pid))) since = Date.now();
    }
    const list = left.map(({ pid, command }) => `${pid} ${command}`).join('; ');
    this.violations.add('no orphans', `${ORPHAN_LIMIT} ms after the ${after}: ${list}`);
  }

  private choose({ target, action, choice }: Fault): Victims | undefined {
    const family = this.cluster.family();
    const present = (found: FoundProcess): boolean => action === 'kill' || !this.standing.has(found.pid);
    const members = this.cluster.members().filter(({ pid }) => {
      const found = family.find((process) => process.pid === pid);
      return found !== undefined && present(found);
    });
    if (target === 'worker' || target === 'slicer') {
      const hosts = this.monitor.hosts.filter(
        ({ kind, pid }) => kind === target && family.some((f) => f.pid === pid),
      );
      const host = hosts[Math.floor(choice * hosts.length)];
      const found = family.find(({ pid }) => pid === host?.pid);
      if (!host || !found || !present(found)) return undefined;
      const ended = target === 'slicer' && this.monitor.seen.get(host.exId)?.queuingComplete;
      const names = [`pid ${host.pid} of ${host.exId}`];
      return { names, processes: [found], members: [], affected: ended ? [] : [host.exId], host };
    }
    const all = this.monitor.active().map(([exId]) => exId);
    if (isWhole(target)) {
      if (family.length === 0) return undefined;
      return {
        names: [target],
        processes: family.filter(present),
        members: this.cluster.members(),
        affected: all,
      };
    }
    const chosen = choose(members, target, choice);
    if (chosen.length === 0) return undefined;
    const processes = family.filter(({ pid }) => chosen.some((member) => member.pid === pid));
    const below = chosen.flatMap(({ pid }) => descendantsOf(pid).map((process) => process.pid));
    const hosted = this.monitor.hosts.filter(({ pid }) => below.includes(pid)).map(({ exId }) => exId);
    const affected = target === 'node' ? [...new Set(hosted)] : all;
    return { names: chosen.map(({ name }) => name), processes, members: chosen, affected };
  }
}

const isWhole = (target: Target): boolean => target === 'everything' || target === 'supervisor';

function choose(members: Member[], target: Target, choice: number): Member[] {
  if (target !== 'several') {
    const fitting = members.filter(({ kind }) => kind === target);
    return fitting.slice(Math.floor(choice * fitting.length), Math.floor(choice * fitting.length) + 1);
  }
  // Two or more: the bits of a number say which.
  const subsets = Array.from({ length: 2 ** members.length }, (_, bits) =>
    members.filter((_member, i) => bits & (1 << i)),
  ).filter((subset) => subset.length > 1);
  return subsets[Math.floor(choice * subsets.length)] ?? [];
}
