import { pino } from 'pino';

export type Logger = pino.Logger;

export interface LoggerOptions {
  /** Lowest level that is written: trace, debug, info, warn, error, fatal or silent. Default info. */
  level?: string;
  /** Where lines go. Default: stdout, each line written before the call returns. */
  destination?: pino.DestinationStream;
  /** Fields of every line. */
  fields?: Record<string, unknown>;
}

/** The root logger of a process: one JSON object a line, with `name`, `pid`, `level` as a number and `time` in ms. */
export function createLogger(name: string, options: LoggerOptions = {}): Logger {
  const destination = options.destination ?? pino.destination({ fd: 1, sync: true });
  return pino(
    {
      name,
      level: options.level ?? 'info',
      base: { pid: process.pid, ...options.fields },
      serializers: { err: serializeError },
    },
    destination,
  );
}

/** Errors of databases carry rows and parameters, which are whole documents. */
function serializeError(error: Error): unknown {
  const serialized = pino.stdSerializers.err(error);
  // What is no error comes back as it is.
  if ((serialized as unknown) === error) return error;
  for (const key of ['detail', 'where']) delete serialized[key];
  return serialized;
}
