import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FoundationConfig } from '../../config/foundation.js';
import { AssetGone } from '../../assets/folders.js';
import type { Logger } from '../../logger.js';
import type { Settings } from '../../settings.js';
import type { ExecutionDocument } from '../../store/types.js';
import type { AssetCache } from './asset-cache.js';
import { HostProcess } from './host-process.js';
import { ForkRefused, WarmHosts, warmWanted } from './warm-hosts.js';
import type { HostAssignment, HostReport, MasterClient } from './master-client.js';

/** Hosts that start at the same time: each costs most of a second of a processor. */
const STARTING_AT_ONCE = availableParallelism();
/** After this time a host that is still starting does not hold up others, in ms. */
const SLOW_START_MS = 5_000;
/** Longest pause before a host is started again for an execution whose hosts die at once, in ms. */
const MAX_START_DELAY_MS = 5_000;

/**
 * Makes the hosts of this node like those a master wants, whatever happened in between.
 *
 *     assigned (by a master) → starting → live → draining → ended → (acknowledged) → forgotten
 *
 * The end of a host is reported until a master acknowledged it.
 */
export class HostPool {
  private readonly hosts = new Map<string, HostProcess>();
  private readonly endings = new Map<string, HostReport>();
  /** Hosts that are about to be forked, and still wanted. */
  private readonly starting = new Set<string>();
  /** Hosts in a row, by execution, that died before they were ready. */
  private readonly earlyDeaths = new Map<string, { count: number; reason: string; at: number }>();
  private readonly warm: WarmHosts;
  private readonly directory: string;
  private closed = false;
  private turns: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    private readonly foundation: FoundationConfig,
    private readonly master: MasterClient,
    private readonly assets: Pick<AssetCache, 'ensure'>,
    private readonly logger: Logger,
    private readonly onChange: () => void,
    private readonly onLeases: () => void,
  ) {
    this.directory = resolve(settings.dataDir);
    const calm = (): boolean => this.starting.size === 0 && this.startingNow() === 0;
    const { slots, warmHosts } = settings;
    const wanted = (): number =>
      warmWanted(slots - this.all().filter(({ kind }) => kind === 'worker').length, warmHosts);
    this.warm = new WarmHosts(wanted, settings.hostMemory, calm, this.directory, logger);
    this.warm.adjust();
  }

  /** Live and starting hosts. */
  all(): HostProcess[] {
    return [...this.hosts.values()];
  }

  workers(exId: string): HostProcess[] {
    return this.all().filter((host) => host.exId === exId && host.kind === 'worker');
  }

  slicer(exId: string): HostProcess | undefined {
    return this.all().find(
      (host) => host.exId === exId && host.kind === 'slicer' && host.state !== 'draining',
    );
  }

  reports(): HostReport[] {
    const live = this.all().map((host): HostReport => ({
      host_id: host.id,
      state: host.state === 'starting' ? 'starting' : 'live',
      pid: host.pid,
      busy: host.busy,
      recoverable: host.recoverable,
    }));
    return [...live, ...this.endings.values()];
  }

  /** Executions whose hosts cannot be started, with the last reason. */
  hopeless(): Array<{ ex_id: string; count: number; reason: string }> {
    return [...this.earlyDeaths].map(([exId, { count, reason }]) => ({ ex_id: exId, count, reason }));
  }

  /** What a master acknowledged need not be reported again. */
  acknowledged(hostIds: string[]): void {
    for (const id of hostIds) this.endings.delete(id);
  }

  /** Starts what is missing, drains what is no longer wanted. */
  apply(assignments: HostAssignment[]): void {
    const wanted = new Map(assignments.map((assignment) => [assignment.host_id, assignment]));
    for (const host of this.hosts.values()) {
      const assignment = wanted.get(host.id);
      if (assignment?.forced) host.kill('its execution was stopped by force');
      else if (!assignment || assignment.draining) host.drain();
    }
    // Without its slicer an execution has nothing to do.
    const slicersFirst = [...assignments].sort(
      (a, b) => Number(b.kind === 'slicer') - Number(a.kind === 'slicer'),
    );
    for (const assignment of slicersFirst) {
      const { host_id: id } = assignment;
      if (this.hosts.has(id) || this.endings.has(id)) continue;
      if (assignment.draining) {
        // It was not forked, and need not be: nobody waits for what it still fetches.
        this.starting.delete(id);
        this.report(id, 'flushed', null);
      } else if (!this.starting.has(id) && !this.closed) {
        void this.start(assignment);
      }
    }
    const executions = new Set(assignments.map((assignment) => assignment.ex_id));
    for (const exId of this.earlyDeaths.keys()) if (!executions.has(exId)) this.earlyDeaths.delete(exId);
  }

  /** Drains all hosts and waits for their ends. */
  async drainAll(): Promise<void> {
    this.closed = true;
    this.warm.close();
    const ends = this.all().map((host) => {
      host.drain();
      return host.ended;
    });
    await Promise.all(ends);
  }

  killAll(reason: string, which: (host: HostProcess) => boolean = () => true): void {
    for (const host of this.hosts.values()) if (which(host)) host.kill(reason);
  }

  private async start(assignment: HostAssignment): Promise<void> {
    const { host_id: id, ex_id: exId } = assignment;
    this.starting.add(id);
    try {
      const deaths = this.earlyDeaths.get(exId)?.count ?? 0;
      if (deaths > 0) await delay(Math.min(250 * 2 ** deaths, MAX_START_DELAY_MS));
      if (!(await this.hasAssets(exId))) return;
      await this.takeTurn(assignment);
    } finally {
      this.starting.delete(id);
      this.onChange();
    }
  }

  /** Whether the assets of an execution are on this machine; they are fetched if they are not. */
  private async hasAssets(exId: string): Promise<boolean> {
    const since = Date.now();
    try {
      const { assets } = await this.master.execution(exId);
      await this.assets.ensure(assets ?? []);
      return true;
    } catch (error) {
      this.logger.warn({ err: error, ex_id: exId }, 'the assets of a host are not there yet');
      if (error instanceof AssetGone) this.diedEarly(exId, error.message, since);
      else await delay(500);
      return false;
    }
  }

  private async takeTurn(assignment: HostAssignment): Promise<void> {
    const since = Date.now();
    const turn = this.turns.then(() => this.startInTurn(assignment));
    // A pause after a failure is for this one alone.
    this.turns = turn.catch(() => undefined);
    try {
      await turn;
    } catch (error) {
      this.logger.warn({ err: error, ex_id: assignment.ex_id }, 'a host cannot be started yet');
      if (error instanceof ForkRefused) this.diedEarly(assignment.ex_id, error.message, since);
      else await delay(500);
    }
  }

  /** Starts a host once few enough others are starting. Whoever waits for its turn waits for this. */
  private async startInTurn(assignment: HostAssignment): Promise<void> {
    while (this.startingNow() >= STARTING_AT_ONCE && !this.closed) await delay(20);
    if (!this.starting.has(assignment.host_id)) return;
    const execution = await this.master.execution(assignment.ex_id);
    if (this.closed || !this.starting.has(assignment.host_id)) return;
    this.hosts.set(assignment.host_id, this.fork(assignment, execution));
    this.warm.adjust();
  }

  private startingNow(): number {
    const since = Date.now() - SLOW_START_MS;
    return this.all().filter((host) => host.state === 'starting' && host.startedAt > since).length;
  }

  private fork(assignment: HostAssignment, execution: ExecutionDocument): HostProcess {
    const { settings } = this;
    // What was forked ahead has the environment of its node.
    const ownEnvironment = Object.keys(execution.env_vars ?? {}).length > 0;
    const host: HostProcess = new HostProcess({
      forked: ownEnvironment ? undefined : this.warm.take(),
      setup: {
        hostId: assignment.host_id,
        kind: assignment.kind,
        execution,
        clusterName: settings.name,
        logDir: join(this.directory, 'logs', 'executions'),
        logLevel: settings.logLevel,
        assetsDirectory: settings.assetsDir,
        shutdownTimeout: settings.shutdownTimeout,
        foundation: this.foundation,
        metrics: settings.metricsPort !== undefined,
        fenceSeconds: Math.ceil(settings.fenceTimeout / 1_000),
      },
      memory: settings.hostMemory,
      directory: this.directory,
      logger: this.logger,
      metadata: {
        get: (exId) => this.master.metadata(exId),
        set: (exId, metadata) => this.master.setMetadata(exId, metadata),
      },
      onLeases: this.onLeases,
      onChange: () => {
        if (host?.state === 'live') this.earlyDeaths.delete(host.exId);
        this.onChange();
      },
    });
    void host.ended.then((ending) => {
      this.hosts.delete(host.id);
      this.report(host.id, ending.outcome, ending.reason);
      const fields = { host_id: host.id, ex_id: host.exId, ...ending };
      if (ending.outcome === 'flushed') this.logger.info(fields, 'a host has ended');
      else this.logger.warn(fields, 'a host has ended');
      if (ending.early && !this.closed) this.diedEarly(host.exId, ending.reason ?? 'unknown', host.startedAt);
      this.warm.adjust();
      this.onChange();
    });
    this.logger.info(
      { host_id: host.id, ex_id: host.exId, host_pid: host.pid },
      `a ${host.kind} host starts`,
    );
    return host;
  }

  /** Hosts that started together and died together count once: their cause may be one that passes. */
  private diedEarly(exId: string, reason: string, startedAt: number): void {
    const before = this.earlyDeaths.get(exId);
    if (before && startedAt <= before.at) return;
    this.earlyDeaths.set(exId, { count: (before?.count ?? 0) + 1, reason, at: Date.now() });
  }

  private report(hostId: string, outcome: 'flushed' | 'failed' | 'lost', reason: string | null): void {
    this.endings.set(hostId, {
      host_id: hostId,
      state: 'ended',
      pid: null,
      busy: false,
      recoverable: null,
      outcome,
      reason,
    });
  }
}
