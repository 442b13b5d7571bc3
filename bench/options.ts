import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Scenarios to run, by name; empty: all that run by default. */
  only: string[];
  /** Seconds that a rate is measured for, in each repetition. Default 10. Longer: steadier figures. */
  seconds: number;
  /** Repetitions of each figure. Default 3. */
  repetitions: number;
  /** URL of a server that is running already; undefined: the bench starts its own stack. */
  url?: string;
  /** Assets that jobs for `url` name, where its readers and processors are. Default none. */
  assets: string[];
  /** Size of the input of the file scenario in MB. Default 1000. */
  fileMb: number;
  /** Slices of the scenario `long`, in millions. Default 10. */
  millions: number;
  /** Folder for the results. Default bench/results. */
  output?: string;
}

export const USAGE = `usage: npm run bench -- [options]
  --only NAME           run only this scenario; may be given again
  --seconds N           seconds that each rate is measured for (default 10)
  --repetitions R       repetitions of each figure (default 3)
  --url URL             drive this server (Temposlice or Teraslice) instead of a stack of its own
  --asset NAME          with --url: an asset that has data_generator; may be given again
  --file-mb N           size of the input of the scenario files in MB (default 1000)
  --millions N          slices of the scenario long in millions (default 10)
  --output DIR          folder for the results (default bench/results)
  --list                list the scenarios`;

/** A command line that cannot be run; its message is for the person who typed it. */
export class UsageError extends Error {}

/**
 * @param args what stands behind the program's name
 * @param scenarios names that `--only` may take
 * @returns the options, or `list` if only the scenarios are to be listed
 * @throws UsageError
 */
export function parseOptions(args: string[], scenarios: string[]): BenchOptions | 'list' {
  const values = parse(args);
  if (values.list) return 'list';
  const only = values.only ?? [];
  const unknown = only.find((name) => !scenarios.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no scenario ${unknown}: ${scenarios.join(', ')}`);
  return {
    only,
    seconds: positive('seconds', values.seconds, 10),
    repetitions: whole('repetitions', values.repetitions, 3),
    assets: values.asset ?? [],
    fileMb: whole('file-mb', values['file-mb'], 1_000),
    millions: positive('millions', values.millions, 10),
    ...(values.url === undefined ? {} : { url: httpUrl(values.url) }),
    ...(values.output === undefined ? {} : { output: values.output }),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string', multiple: true },
        seconds: { type: 'string' },
        repetitions: { type: 'string' },
        url: { type: 'string' },
        asset: { type: 'string', multiple: true },
        'file-mb': { type: 'string' },
        millions: { type: 'string' },
        output: { type: 'string' },
        list: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function positive(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new UsageError(`--${name} must be a number above 0, not ${text}`);
  }
  return value;
}

function whole(name: string, text: string | undefined, fallback: number): number {
  const value = positive(name, text, fallback);
  if (!Number.isInteger(value)) throw new UsageError(`--${name} must be a whole number, not ${text}`);
  return value;
}

function httpUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new UsageError(`--url must be like http://127.0.0.1:5678, not ${text}`);
  }
  return new URL(text).origin;
}
