import { availableParallelism } from 'node:os';
import type { BenchOptions } from './options.js';
import { Client } from './load/client.js';
import { Stack } from './load/stack.js';
import type { Row } from './report/row.js';

export interface Scenario {
  name: string;
  description: string;
  /** Left out unless `--only` names it. */
  onlyOnDemand?: boolean;
  /** Runs against a server elsewhere, too: needs nothing but the REST API. */
  remote?: boolean;
  run(bench: Bench): Promise<Row[]>;
}

/** What scenarios run on: options, and a stack that those which want the same share. */
export class Bench {
  readonly cores = availableParallelism();
  private current: { flags: string; stack: Stack } | undefined;

  constructor(
    readonly options: BenchOptions,
    readonly log: (text: string) => void,
  ) {}

  /** The client of `--url`, else of a stack with 8 slots. */
  async client(): Promise<Client> {
    const { url } = this.options;
    return url === undefined ? (await this.stack()).client : new Client(url);
  }

  /** A stack with these flags; the one that runs is kept if it has the same. */
  async stack(...flags: string[]): Promise<Stack> {
    const wanted = flags.length > 0 ? flags : ['--slots', '8'];
    if (this.current?.flags === wanted.join(' ')) return this.current.stack;
    await this.close();
    const stack = await Stack.start([...wanted, '--log-level', 'warn']);
    this.current = { flags: wanted.join(' '), stack };
    return stack;
  }

  /** Ends the stack that runs, if one does. */
  async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.stack.stop();
  }

  /** Runs something as often as repetitions are wanted. */
  async repeat(what: string, once: (repetition: number) => Promise<string>): Promise<void> {
    for (let i = 1; i <= this.options.repetitions; i++) {
      this.log(`${what}, ${i}/${this.options.repetitions}: ${await once(i)}`);
    }
  }
}
