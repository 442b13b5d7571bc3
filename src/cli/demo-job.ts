import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What `examples/cities` offers; the functions run without a build, so they are not part of `src`. */
interface CitiesExample {
  prepareCities(directory: string): Promise<{ file: string; records: number }>;
  verifyCities(
    directory: string,
  ): Promise<{ expected: number; exported: number; missing: string[]; surplus: string[] }>;
}

interface Operation {
  _op: string;
  path?: string;
  size?: number;
}

export interface DemoJob {
  spec: { name: string; operations: Operation[] };
  /** Records in the input. */
  records: number;
  /** Slices that the input will give, about. */
  slices: number;
  /** Folder that the job writes to; there is none before it runs. */
  output: string;
  /** Compares the output with the data set itself. */
  verify: () => ReturnType<CitiesExample['verifyCities']>;
}

const EXAMPLE = new URL('../../examples/cities/', import.meta.url);

/** Lays out the example's data below the data directory and points its job there, with an output of its own. */
export async function prepareDemoJob(dataDir: string): Promise<DemoJob> {
  const directory = join(dataDir, 'examples', 'cities');
  const [{ prepareCities }, { verifyCities }] = (await Promise.all([
    import(new URL('prepare.mjs', EXAMPLE).href),
    import(new URL('verify.mjs', EXAMPLE).href),
  ])) as [CitiesExample, CitiesExample];
  const { file, records } = await prepareCities(directory);
  const output = join(directory, `european-union-${new Date().toISOString().replace(/[:.]/g, '-')}`);
  const spec = JSON.parse(await readFile(new URL('job.json', EXAMPLE), 'utf8')) as DemoJob['spec'];
  const reader = spec.operations[0]!;
  reader.path = file;
  spec.operations.at(-1)!.path = output;
  const { size } = await stat(file);
  return {
    spec,
    records,
    slices: Math.ceil(size / (reader.size ?? size)),
    output,
    verify: () => verifyCities(output),
  };
}
