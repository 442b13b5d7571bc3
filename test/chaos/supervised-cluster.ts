import { kill, type FoundProcess } from '../support/processes.js';
import { TestStack } from '../support/stack.js';
import { until } from '../support/until.js';
import { recorded, type Cluster, type Member } from './cluster.js';
import { TARGETS } from './plan.js';

const MEMBERS = ['temporal', 'master', 'node'] as const;
const BACK_LIMIT = 90_000;

/** `temposlice start`: the product's own supervisor starts again what ends, when it sees fit. */
export class SupervisedCluster implements Cluster {
  readonly targets = TARGETS;

  private constructor(private readonly stack: TestStack) {}

  /** Starts it. */
  static async create(slots: number): Promise<SupervisedCluster> {
    return new SupervisedCluster(await TestStack.start('--slots', String(slots)));
  }

  get url(): string {
    return this.stack.url;
  }

  get temporal(): string {
    return this.stack.temporal;
  }

  get dataDir(): string {
    return this.stack.dataDir;
  }

  stop(): Promise<void> {
    return this.stack.end();
  }

  members(): Member[] {
    return MEMBERS.flatMap((name) => {
      const identity = recorded(this.dataDir, name);
      return identity ? [{ name, kind: name, ...identity }] : [];
    });
  }

  family(): FoundProcess[] {
    return this.stack.family();
  }

  /** Nobody can: the supervisor decides. */
  hold(): void {}

  async release(names: string[]): Promise<void> {
    if (this.stack.family().length === 0) await this.stack.start();
    await until(() => names.every((name) => recorded(this.dataDir, name)), BACK_LIMIT);
  }

  killSupervisor(): void {
    kill(this.stack.pid, 'SIGKILL');
  }
}
