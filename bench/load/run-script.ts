import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./stream-script.mjs', import.meta.url));

/** Runs the stream script on all files at once, a process for each. @throws Error if one of them fails */
export async function runScript(
  paths: string[],
  output: string,
): Promise<{ seconds: number; cpuSeconds: number }> {
  mkdirSync(output);
  const began = performance.now();
  const used = await Promise.all(paths.map((path, i) => runOne(path, join(output, `${i}.ldjson`))));
  const seconds = (performance.now() - began) / 1_000;
  return { seconds, cpuSeconds: used.reduce((sum, value) => sum + value, 0) };
}

/** Processor seconds that it took. */
async function runOne(input: string, output: string): Promise<number> {
  const child = spawn(process.execPath, [SCRIPT, input, output], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the stream script ended with ${code}`);
  const { user, system } = JSON.parse(said) as NodeJS.CpuUsage;
  return (user + system) / 1_000_000;
}
