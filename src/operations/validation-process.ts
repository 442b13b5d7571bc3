import type { ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { compiledPath } from '../compiled-path.js';
import { forkForUserCode } from './child-process.js';
import type {
  ConnectorsAnswer,
  ConnectorsRequest,
  SchemaAnswer,
  SchemaRequest,
  ValidationAnswer,
  ValidationReady,
  ValidationRequest,
} from './validation-messages.js';

/** How long a process may take until it is up, in ms; generous, since a machine may be busy. */
const START_TIMEOUT = 60_000;
/** How long its last words are waited for once it has ended, in ms. */
const LAST_WORDS_TIMEOUT = 200;
/** How much of its standard error is kept, in UTF-16 units. */
const STDERR_KEPT = 4000;

/** Parts that a time limit is waited for in. */
const PARTS = 20;

/**
 * Resolves after so many ms in which this process was awake. What it stands still, suspended or busy, counts as one part at most:
 * the answer is there then, but a timer that is due comes before what is to be read.
 */
async function awake(ms: number, signal: AbortSignal): Promise<void> {
  for (let part = 0; part < PARTS; part++) await delay(ms / PARTS, undefined, { signal });
}

/** Why there is no answer: the process was too slow, or it ended. */
export class NoAnswer extends Error {
  constructor(
    message: string,
    readonly timedOut: boolean,
  ) {
    super(message);
  }
}

const has = (message: unknown, key: string): boolean =>
  typeof message === 'object' && message !== null && key in message;
const isReady = (message: unknown): message is ValidationReady => has(message, 'ready');
const isAnswer = (message: unknown): message is ValidationAnswer =>
  has(message, 'job') || has(message, 'invalid');
const isSchemaAnswer = (message: unknown): message is SchemaAnswer => has(message, 'jobSchema');
const isConnectorsAnswer = (message: unknown): message is ConnectorsAnswer => has(message, 'connectors');

/**
 * One validation process, as its parent sees it.
 *
 * starting → idle ⇄ busy → ended. It is idle once it said that it is up, busy from a request to its answer, and
 * ended by `end()`, by a request that takes too long, or by itself; then it is of no more use.
 */
export class ValidationProcess {
  /** Settles when the process is up. @throws NoAnswer if it does not come up */
  readonly started: Promise<void>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #stderr = '';
  #alive = true;

  constructor(memoryMb: number) {
    this.#child = forkForUserCode(compiledPath('./validate-child.js', import.meta.url), { memoryMb });
    this.#child.stdout?.resume();
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.#exited = new Promise((resolve) => {
      const ended = (): void => {
        this.#alive = false;
        resolve();
      };
      this.#child.once('exit', ended);
      this.#child.on('error', ended);
    });
    this.started = this.#next(isReady, START_TIMEOUT).then(() => undefined);
    // Nobody may be waiting for it; whoever takes it is told.
    this.started.catch(() => undefined);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Settles when the process has ended. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /**
   * Sends one request; the process must be idle.
   * @param timeout longest time until the answer, in ms; then the process is killed
   * @throws NoAnswer
   */
  ask(request: ValidationRequest, timeout: number): Promise<ValidationAnswer>;
  ask(request: ConnectorsRequest, timeout: number): Promise<ConnectorsAnswer>;
  ask(request: SchemaRequest, timeout: number): Promise<SchemaAnswer>;
  async ask(
    request: ValidationRequest | ConnectorsRequest | SchemaRequest,
    timeout: number,
  ): Promise<ValidationAnswer | ConnectorsAnswer | SchemaAnswer> {
    const wanted =
      'connectors' in request ? isConnectorsAnswer : 'describe' in request ? isSchemaAnswer : isAnswer;
    const answer = this.#next<ValidationAnswer | ConnectorsAnswer | SchemaAnswer>(wanted, timeout);
    // A failure to send shows as the end of the process.
    if (this.#child.connected) this.#child.send(request, () => undefined);
    return answer;
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #next<T>(wanted: (message: unknown) => message is T, timeout: number): Promise<T> {
    const abort = new AbortController();
    const { signal } = abort;
    try {
      const answer = await Promise.race([
        this.#nextMessage(wanted, signal),
        this.#exited.then(() => 'exited' as const),
        awake(timeout, signal).then(() => 'timeout' as const),
      ]);
      if (answer === 'timeout') {
        await this.end();
        throw new NoAnswer(`there was no answer within ${timeout}ms`, true);
      }
      if (answer === 'exited') throw new NoAnswer(await this.#lastWords(), false);
      return answer;
    } finally {
      abort.abort();
    }
  }

  async #nextMessage<T>(wanted: (message: unknown) => message is T, signal: AbortSignal): Promise<T> {
    for await (const [message] of on(this.#child, 'message', { signal })) {
      // User code may use the channel too.
      if (wanted(message)) return message;
    }
    throw new NoAnswer('the channel was closed', false);
  }

  async #lastWords(): Promise<string> {
    const { exitCode, signalCode } = this.#child;
    await Promise.race([once(this.#child, 'close'), delay(LAST_WORDS_TIMEOUT)]);
    const how = signalCode === null ? `exit code ${exitCode}` : `signal ${signalCode}`;
    const lines = this.#stderr
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const line = lines.find((text) => /FATAL ERROR|^\w*Error\b/.test(text)) ?? lines.at(-1);
    return `the process that ran its operations ended with ${how}${line === undefined ? '' : `: ${line}`}`;
  }
}
