import { EventEmitter } from 'node:events';
import { format } from 'node:util';
import { join } from 'node:path';
import { pino } from 'pino';
import { cut } from '../text.js';
import { describeError } from './errors.js';

/**
 * The logger that operations see. They were written for bunyan, so this speaks bunyan over pino: `level()` and
 * `levels()` are functions, an error may come first, texts are formatted with all arguments, a call without
 * arguments tells whether its level is on, and `level` among a child's fields is that child's level. Streams and
 * serializers that are added to a logger count for it and for the children that it gets from then on.
 *
 * Levels: all loggers of a process share one level. A child may be given its own, which holds until the next
 * `setLevel` of the shared one. A stream that was added has its own, whatever that of the logger is. A call below the level costs one comparison.
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

export type Serializers = Record<string, (value: unknown) => unknown>;

/** What bunyan's `addStream` takes, but for streams that it would make itself. */
export interface AddedStream {
  /** `write` gets a line, or the record as an object if `type` is `raw`. */
  stream: { write(line: unknown): unknown };
  type?: string;
  /** Lowest level that is written to it. Default info. */
  level?: Level;
}

interface ChildOptions {
  level?: Level | null;
  streams?: AddedStream[];
  serializers?: Serializers;
}

/** What all loggers of a process have in common. */
class Shared implements pino.DestinationStream {
  generation = 0;
  /** The line that was made last; where it goes is for the logger to say. */
  line = '';

  constructor(
    public level: number,
    /** Writes a line to where those of all loggers go. */
    readonly deliver: (line: string) => void,
  ) {}

  write(line: string): void {
    this.line = line;
  }

  set(level: number): void {
    this.level = level;
    this.generation += 1;
  }
}

export class OperationLogger extends EventEmitter {
  /** Those that were added. */
  readonly streams: Array<AddedStream & { level: number }> = [];
  #own: { level: number; generation: number } | undefined;

  constructor(
    /** Makes the lines. */
    private maker: pino.Logger,
    private readonly shared: Shared,
    readonly fields: Record<string, unknown>,
  ) {
    super();
  }

  trace = (...args: unknown[]): boolean | void => this.#log('trace', args);
  debug = (...args: unknown[]): boolean | void => this.#log('debug', args);
  info = (...args: unknown[]): boolean | void => this.#log('info', args);
  warn = (...args: unknown[]): boolean | void => this.#log('warn', args);
  error = (...args: unknown[]): boolean | void => this.#log('error', args);
  fatal = (...args: unknown[]): boolean | void => this.#log('fatal', args);

  /** The lowest level in force as a number, or sets this logger's own and that of its streams. */
  level(value?: Level): number | void {
    if (value === undefined) return Math.min(...this.#levels());
    this.#own = { level: levelNumber(value), generation: this.shared.generation };
    for (const added of this.streams) added.level = this.#own.level;
  }

  levels(name?: unknown, value?: Level): number[] | number | void {
    if (value !== undefined) return this.level(value);
    return name === undefined ? this.#levels() : this.#threshold();
  }

  /** @throws TypeError if there is no stream, Error if there is no such level */
  addStream(added: AddedStream): void {
    if (typeof added?.stream?.write !== 'function') {
      throw new TypeError('addStream takes { stream, level }: a stream that lines can be written to');
    }
    this.streams.push({ ...added, level: levelNumber(added.level ?? LEVELS.info) });
  }

  /** @throws TypeError if one is no function */
  addSerializers(serializers: Serializers): void {
    for (const [field, serializer] of Object.entries(serializers)) {
      if (typeof serializer === 'function') continue;
      throw new TypeError(`invalid serializer for "${field}" field: must be a function`);
    }
    this.maker = this.maker.child({}, { serializers });
  }

  /** The files are the process's own: nobody moves them aside. */
  reopenFileStreams(): void {}

  child(options: Record<string, unknown> = {}): OperationLogger {
    const fields = Object.fromEntries(
      Object.entries(options).filter(([key, value]) => value !== undefined && !NOT_FIELDS.has(key)),
    );
    const { level, streams, serializers } = options as ChildOptions;
    const child = new OperationLogger(this.maker, this.shared, { ...this.fields, ...fields });
    if (serializers) child.addSerializers(serializers);
    child.maker = child.maker.child(fields);
    for (const added of [...this.streams, ...(streams ?? [])]) child.addStream(added);
    if (level != null) child.level(level);
    else if (this.#hasOwn()) child.#own = this.#own;
    return child;
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

  #levels(): number[] {
    return [this.#threshold(), ...this.streams.map(({ level }) => level)];
  }

  #log(name: LevelName, args: unknown[]): boolean | void {
    const enabled = LEVELS[name] >= this.#threshold();
    if (!enabled && !this.streams.some(({ level }) => LEVELS[name] >= level)) {
      return args.length === 0 ? false : undefined;
    }
    if (args.length === 0) return true;
    const { shared } = this;
    try {
      const { fields, text } = readArguments(args);
      this.maker[name](fields, cut(text, MAX_TEXT));
      const { line } = shared;
      if (enabled) shared.deliver(line);
      for (const { stream, type, level } of this.streams) {
        if (LEVELS[name] >= level) stream.write(type === 'raw' ? recordOf(line) : line);
      }
    } catch (err) {
      // What an operation logs may refuse to be read; that is no reason to fail its slice.
      this.maker[name](`a log line could not be written: ${describeError(err, 200)}`);
      shared.deliver(shared.line);
    }
  }
}

/** A line as the object that bunyan would have made it of. */
function recordOf(line: string): Record<string, unknown> {
  const record = JSON.parse(line) as { time: number };
  return { ...record, time: new Date(record.time) };
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
  const shared = new Shared(levelNumber(options.level), (line) => {
    out.write(line);
    file?.write(line);
  });
  return new OperationLogger(pino(settings, shared), shared, options.fields);
}
