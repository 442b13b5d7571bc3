import { EXIT_CONFIGURATION, isConfigurationError } from './workers/configuration-error.js';

/** Standard output carries log lines only; what is said to a person goes to standard error. */
export const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/** Says why this process ends, and ends it. */
export function leave(error: unknown): never {
  const expected = isConfigurationError(error);
  tell(`temposlice: ${expected ? (error as Error).message : ((error as Error)?.stack ?? String(error))}`);
  process.exit(expected ? EXIT_CONFIGURATION : 1);
}
