import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  identify,
  isRunning,
  parseIdentity,
  signalProcess,
  type ProcessIdentity,
} from './process-identity.js';

const SUFFIX = '.pid';
/** How long a left-over process may take to end by itself before it is killed, in ms. */
const GRACE = 3_000;

/** One file per process that was started for a data directory, so that the next start finds what was left. */
export class PidFiles {
  constructor(readonly directory: string) {
    mkdirSync(directory, { recursive: true });
  }

  /** Records a process that runs; one that is gone already is not recorded. */
  write(name: string, pid: number): void {
    const identity = identify(pid);
    if (!identity) return;
    const path = this.path(name);
    writeFileSync(`${path}.new`, JSON.stringify(identity));
    renameSync(`${path}.new`, path);
  }

  remove(name: string): void {
    rmSync(this.path(name), { force: true });
  }

  /**
   * Ends every recorded process that still runs: SIGTERM, then SIGKILL.
   * Answers the names of those it had to end, once they are gone.
   */
  async endLeftovers(): Promise<string[]> {
    const names = readdirSync(this.directory)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => file.slice(0, -SUFFIX.length));
    const ended = await Promise.all(names.map(async (name) => ((await this.end(name)) ? name : undefined)));
    return ended.filter((name) => name !== undefined);
  }

  /** Ends the recorded process of that name; false if it did not run. */
  async end(name: string): Promise<boolean> {
    const identity = this.read(name);
    const running = identity !== undefined && isRunning(identity);
    if (running) await endProcess(identity);
    this.remove(name);
    return running;
  }

  private read(name: string): ProcessIdentity | undefined {
    try {
      return parseIdentity(readFileSync(this.path(name), 'utf8'));
    } catch {
      return undefined;
    }
  }

  private path(name: string): string {
    return join(this.directory, `${name}${SUFFIX}`);
  }
}

async function endProcess(identity: ProcessIdentity): Promise<void> {
  signalProcess(identity.pid, 'SIGTERM');
  const deadline = Date.now() + GRACE;
  while (isRunning(identity)) {
    if (Date.now() > deadline) signalProcess(identity.pid, 'SIGKILL');
    await delay(20);
  }
}
