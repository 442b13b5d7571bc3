import { format } from 'node:util';
import { join } from 'node:path';
import { pino } from 'pino';
import { cut } from '../text.js';
import { describeError } from './errors.js';

/**
 * The logger that operations see. They were written for bunyan, so this speaks bunyan over pino: `level()` and
 * `levels()` are functions, an error may come first, texts are formatted with all arguments, a call without
 * arguments tells whether its level is on, and `level` among a child's fields is that child's level.
 *
 * Levels: all loggers of a process share one level. A child may be given its own, which holds until the next
 * `setLevel` of the shared one. A call below the level costs one comparison.
 */

const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
export type LevelName = keyof typeof LEVELS;
type Level = LevelName | number;

/** Longest message and error text of a line, in UTF-16 units. */
const MAX_TEXT = 8000;
const MAX_ERROR = 2000;
/** What bunyan takes among a child's options and is no field. */
const NOT_FIELDS = new Set(['level', 'streams', 'stream', 'serializers', 'src']);

export interface OperationLogOptions {
  /** Fields of every line: `ex_id`, `job_id`, `worker`. */
  fields: Record<string, unknown>;
  /** Lowest level that is written. */
  level: string;
  /** Folder of the files, one an execution (`<ex_id>.log`, appended to); undefined: no file. */
  logDir?: string;
  /** Where lines go beside the file. Default stdout. */
  destination?: pino.DestinationStream;
}

/** @throws Error if there is no such level */
function levelNumber(level: unknown): number {
  if (typeof level === 'number' && level > 0) return level;
  const known = LEVELS[level as LevelName];
  if (known === undefined) throw new Error(`unknown log level "${String(level)}"`);
  return known;
}

class SharedLevel {
  generation = 0;
  constructor(public level: number) {}

  set(level: number): void {
    this.level = level;
    this.generation += 1;
  }
}

export class OperationLogger {
  readonly streams: unknown[] = [];
  #own: { level: number; generation: number } | undefined;

  constructor(
    private readonly sink: pino.Logger,
    private readonly shared: SharedLevel,
    readonly fields: Record<string, unknown>,
    ownLevel?: Level,
  ) {
    if (ownLevel !== undefined) this.#setOwn(ownLevel);
  }

  trace = (...args: unknown[]): boolean | void => this.#log('trace', args);
  debug = (...args: unknown[]): boolean | void => this.#log('debug', args);
  info = (...args: unknown[]): boolean | void => this.#log('info', args);
  warn = (...args: unknown[]): boolean | void => this.#log('warn', args);
  error = (...args: unknown[]): boolean | void => this.#log('error', args);
  fatal = (...args: unknown[]): boolean | void => this.#log('fatal', args);

  /** The level in force as a number, or sets this logger's own. */
  level(value?: Level): number | void {
    if (value === undefined) return this.#threshold();
    this.#setOwn(value);
  }

  levels(name?: unknown, value?: Level): number[] | number | void {
    if (value !== undefined) return this.level(value);
    return name === undefined ? [this.#threshold()] : this.#threshold();
  }

  child(options: Record<string, unknown> = {}): OperationLogger {
    const fields = Object.fromEntries(
      Object.entries(options).filter(([key, value]) => value !== undefined && !NOT_FIELDS.has(key)),
    );
    const level = options.level ?? (this.#hasOwn() ? this.#threshold() : undefined);
    return new OperationLogger(
      this.sink.child(fields),
      this.shared,
      { ...this.fields, ...fields },
      level === undefined ? undefined : (level as Level),
    );
  }

  /** Lines are written before a call returns: there is nothing to wait for. */
  async flush(): Promise<boolean> {
    return true;
  }

  /** Sets the level of every logger of the process, children with a level of their own too. */
  setLevel(level: Level): void {
    this.shared.set(levelNumber(level));
  }

  #hasOwn(): boolean {
    return this.#own !== undefined && this.#own.generation === this.shared.generation;
  }

  #threshold(): number {
    return this.#own !== undefined && this.#own.generation === this.shared.generation
      ? this.#own.level
      : this.shared.level;
  }

  #setOwn(level: Level): void {
    this.#own = { level: levelNumber(level), generation: this.shared.generation };
  }

  #log(name: LevelName, args: unknown[]): boolean | void {
    const enabled = LEVELS[name] >= this.#threshold();
    if (args.length === 0) return enabled;
    if (!enabled) return;
    try {
      const { fields, text } = readArguments(args);
      this.sink[name](fields, cut(text, MAX_TEXT));
    } catch (err) {
      // What an operation logs may refuse to be read; that is no reason to fail its slice.
      this.sink[name](`a log line could not be written: ${describeError(err, 200)}`);
    }
  }
}

/** Bunyan's reading of a call: an optional error or object of fields first, the rest is text. */
function readArguments(args: unknown[]): { fields: Record<string, unknown>; text: string } {
  const [first, ...rest] = args;
  if (first instanceof Error || isErrorLike(first)) {
    return { fields: { err: first }, text: rest.length > 0 ? format(...rest) : String(first.message) };
  }
  if (typeof first === 'object' && first !== null && !Array.isArray(first)) {
    const fields = { ...(first as Record<string, unknown>) };
    if (rest.length > 0) return { fields, text: format(...rest) };
    return { fields, text: isErrorLike(fields.err) ? String(fields.err.message) : '' };
  }
  return { fields: {}, text: format(...args) };
}

function isErrorLike(value: unknown): value is { message: unknown } {
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
}

function serializeError(err: unknown): unknown {
  if (!isErrorLike(err)) return err;
  const { name, message, code } = err as { name?: unknown; message: unknown; code?: unknown };
  return { name, message: cut(String(message), MAX_ERROR), code, stack: describeError(err, MAX_ERROR) };
}

/** The execution's file; undefined, with a warning, if it cannot be opened. Never throws, now or later. */
function openFile(path: string, warn: (err: unknown) => void): pino.DestinationStream | undefined {
  try {
    // Synchronous appends of one line each: whole lines from several processes, and none lost by a SIGKILL.
    const file = pino.destination({ dest: path, append: true, mkdir: true, sync: true });
    file.on('error', warn);
    return file;
  } catch (err) {
    warn(err);
    return undefined;
  }
}

/** The root logger of a host process. */
export function createOperationLogger(options: OperationLogOptions): OperationLogger {
  const out = options.destination ?? pino.destination({ fd: 1, sync: true });
  const settings: pino.LoggerOptions = {
    level: 'trace',
    base: { pid: process.pid, ...options.fields },
    serializers: { err: serializeError, error: serializeError },
  };
  const warn = (err: unknown): void =>
    pino(settings, out).warn(`cannot write the execution's log file: ${describeError(err, 200)}`);
  const file =
    options.logDir === undefined
      ? undefined
      : openFile(join(options.logDir, `${String(options.fields.ex_id)}.log`), warn);
  const both: pino.DestinationStream = {
    write(line) {
      out.write(line);
      file?.write(line);
    },
  };
  return new OperationLogger(
    pino(settings, both),
    new SharedLevel(levelNumber(options.level)),
    options.fields,
  );
}
