import type { JobValidator } from '../api/validator.js';
import { CodedError } from '../errors.js';
import type { ValidatedJob } from '../store/types.js';
import type { FoundationConfig } from '../config/foundation.js';
import type { Logger } from '../logger.js';
import { Places } from '../places.js';
import { cut } from '../text.js';
import { systemOptions } from './sysconfig.js';
import type { ValidationAnswer } from './validation-messages.js';
import { NoAnswer, ValidationProcess } from './validation-process.js';

export interface ValidatorOptions {
  /** Longest time one validation may take, in ms. Default 30,000: a busy machine is not the job's fault. */
  timeoutMs?: number;
  /** Old-space limit of a validation process in MB. Default 256. */
  memoryMb?: number;
  /** How many validations run at the same time. Default 2: one that hangs must not hold up all others. */
  concurrency?: number;
  /** Longest a validation waits for its turn, in ms. Default 60,000. */
  patienceMs?: number;
  /** What the configuration file says to operations. Default nothing. */
  foundation?: FoundationConfig;
  /** Hears of what jobs have that no schema knows. Default nobody. */
  logger?: Pick<Logger, 'warn'>;
}

/** Pause before the next process is forked ahead, in ms: what was just submitted needs the processors to begin with. */
const FORK_AHEAD_MS = 2_000;

const shuttingDown = (): CodedError => new CodedError('INTERNAL', { reason: 'the server is shutting down' });

/**
 * Validates jobs in child processes.
 *
 * One process is kept idle, forked ahead of the first job. A job without assets takes it and gives it back. A job
 * with assets uses it up: Node keeps loaded code by its path, and what an asset's code did to the process must not
 * reach the next job. A process that hangs or crashes is lost. Whenever none is idle a while after a validation, the
 * next is forked ahead.
 */
class ProcessValidator implements JobValidator {
  readonly #options: Required<Omit<ValidatorOptions, 'foundation' | 'logger'>>;
  readonly #logger: ValidatorOptions['logger'];
  readonly #system: ReturnType<typeof systemOptions>;
  readonly #places: Places;
  readonly #all = new Set<ValidationProcess>();
  #idle: ValidationProcess | undefined;
  #forkAhead: NodeJS.Timeout | undefined;
  #schema: Promise<Record<string, unknown>> | undefined;
  #closed = false;

  constructor(settings: Parameters<typeof systemOptions>[0], options: ValidatorOptions) {
    const { foundation, logger, ...rest } = options;
    this.#logger = logger;
    this.#system = systemOptions(settings, foundation);
    this.#options = { timeoutMs: 30_000, memoryMb: 256, concurrency: 2, patienceMs: 60_000, ...rest };
    this.#places = new Places(this.#options.concurrency, this.#options.patienceMs);
    this.#idle = this.#fork();
  }

  async validate(spec: Record<string, unknown>): Promise<{ job: ValidatedJob; warnings: unknown[] }> {
    try {
      return await this.#places.in(() => this.#validate(spec));
    } catch (err) {
      if (!(err instanceof NoAnswer)) throw err;
      if (this.#closed) throw shuttingDown();
      const reason = `Validation failed for job config: ${cut(String(spec.name), 200)} - ${err.message}`;
      throw new CodedError('JOB_INVALID', { reason }, { cause: err });
    }
  }

  async jobSchema(): Promise<Record<string, unknown>> {
    this.#schema ??= this.#describe();
    return this.#schema.catch((err: unknown) => {
      // It may be there when it is asked for again.
      this.#schema = undefined;
      throw err;
    });
  }

  /** Ends all processes; a validation that still runs is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#forkAhead);
    await Promise.all([...this.#all].map((validation) => validation.end()));
  }

  async #validate(spec: Record<string, unknown>): Promise<{ job: ValidatedJob; warnings: unknown[] }> {
    const answer = await this.#ask(spec).catch((err: unknown) => {
      // The process may have been ended from outside, for instance by a system short of memory: only a job
      // whose process ends twice has itself to blame.
      if (err instanceof NoAnswer && !err.timedOut && !this.#closed) return this.#ask(spec);
      throw err;
    });
    if ('job' in answer) {
      const { job, warnings, undeclared } = answer;
      for (const text of undeclared) this.#logger?.warn({ job: cut(job.name, 200) }, cut(text, 1_000));
      return { job, warnings };
    }
    throw new CodedError('JOB_INVALID', { reason: answer.invalid });
  }

  async #describe(): Promise<Record<string, unknown>> {
    const request = { describe: true, options: this.#system } as const;
    const { timeoutMs } = this.#options;
    const ask = () => this.#with({}, (validation) => validation.ask(request, timeoutMs));
    try {
      return (await this.#places.in(ask)).jobSchema;
    } catch (err) {
      if (err instanceof CodedError) throw err;
      const reason = `the schema of jobs cannot be had now: ${(err as Error).message}`;
      throw new CodedError('INTERNAL', { reason }, { cause: err });
    }
  }

  #ask(spec: Record<string, unknown>): Promise<ValidationAnswer> {
    const request = { spec, options: this.#system };
    return this.#with(spec, (validation) => validation.ask(request, this.#options.timeoutMs));
  }

  async #with<T>(
    spec: Record<string, unknown>,
    use: (validation: ValidationProcess) => Promise<T>,
  ): Promise<T> {
    const validation = await this.#take();
    try {
      return await use(validation);
    } finally {
      this.#giveBack(validation, spec);
    }
  }

  /** @throws CodedError INTERNAL if no process comes up */
  async #take(): Promise<ValidationProcess> {
    if (this.#closed) throw shuttingDown();
    const validation = this.#idle?.alive ? this.#idle : this.#fork();
    if (validation === this.#idle) this.#idle = undefined;
    try {
      await validation.started;
    } catch (err) {
      const reason = `no job can be validated now: ${(err as Error).message}`;
      throw new CodedError('INTERNAL', { reason }, { cause: err });
    }
    return validation;
  }

  #giveBack(validation: ValidationProcess, spec: Record<string, unknown>): void {
    const clean = !Array.isArray(spec.assets) || spec.assets.length === 0;
    if (validation.alive && clean && !this.#closed && !this.#idle?.alive) this.#idle = validation;
    else void validation.end();
    if (this.#closed) return;
    clearTimeout(this.#forkAhead);
    this.#forkAhead = setTimeout(() => {
      if (!this.#idle?.alive) this.#idle = this.#fork();
    }, FORK_AHEAD_MS).unref();
  }

  #fork(): ValidationProcess {
    const validation = new ValidationProcess(this.#options.memoryMb);
    this.#all.add(validation);
    void validation.exited.then(() => this.#all.delete(validation));
    return validation;
  }
}

/** Forks the first validation process at once, so that the first job need not wait for it. */
export function createValidator(
  settings: Parameters<typeof systemOptions>[0],
  options: ValidatorOptions = {},
): JobValidator & { close(): Promise<void> } {
  return new ProcessValidator(settings, options);
}
