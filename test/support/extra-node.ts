import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestStack } from './stack.js';
import { until } from './until.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** A further node of a stack, as a real process with a data directory of its own. */
export class ExtraNode {
  private constructor(
    readonly dataDir: string,
    private readonly process: ChildProcess,
  ) {}

  /**
   * Starts a node with 4 slots and waits until the cluster has it.
   * @param temporal where it finds Temporal
   */
  static async start(stack: TestStack, id: string, temporal = stack.temporal): Promise<ExtraNode> {
    // It is not there yet, as on any new machine.
    const dataDir = join(mkdtempSync(join(tmpdir(), 'temposlice-node-')), 'data');
    const own = ['--node-id', id, '--slots', '4', '--data-dir', dataDir];
    const cluster = ['--temporal', temporal, '--master', stack.url];
    const child = spawn(process.execPath, [CLI, 'node', ...cluster, ...own], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const node = new ExtraNode(dataDir, child);
    try {
      await until(async () => (await stack.nodes()).some(({ node_id }) => node_id === id), 60_000);
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  /** Stops it in order and removes its data directory. */
  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await ended;
    }
    rmSync(dirname(this.dataDir), { recursive: true, force: true });
  }
}
