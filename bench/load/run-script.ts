import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ScriptRun {
  seconds: number;
  cpuSeconds: number;
}

/**
 * Runs a script of this folder on all files at once, a process for each. What they write is removed again.
 *
 * @throws Error if one of them fails
 */
export async function runScript(script: string, paths: string[], output: string): Promise<ScriptRun> {
  mkdirSync(output);
  const path = fileURLToPath(new URL(script, import.meta.url));
  const began = performance.now();
  const used = await Promise.all(paths.map((input, i) => runOne(path, input, join(output, `${i}.ldjson`))));
  const seconds = (performance.now() - began) / 1_000;
  rmSync(output, { recursive: true });
  return { seconds, cpuSeconds: used.reduce((sum, value) => sum + value, 0) };
}

/** Processor seconds that it took. */
async function runOne(script: string, input: string, output: string): Promise<number> {
  const child = spawn(process.execPath, [script, input, output], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`a script ended with ${code}`);
  const { user, system } = JSON.parse(said) as NodeJS.CpuUsage;
  return (user + system) / 1_000_000;
}
