import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Time for processes that a test has told to end, in ms. */
const GRACE = 10_000;

/** Fails the run if a process that a test started still runs; ends it, so that the machine stays clean. */
export default async function checkLeftovers() {
  const deadline = Date.now() + GRACE;
  let leftovers = markedProcesses();
  while (leftovers.length && Date.now() < deadline) {
    await delay(200);
    leftovers = markedProcesses();
  }
  if (!leftovers.length) return;
  for (const { pid } of leftovers) process.kill(pid, 'SIGKILL');
  const list = leftovers.map(({ pid, command }) => `  ${pid} ${command}`).join('\n');
  throw new Error(`processes were left behind by the tests (ended now):\n${list}`);
}

function markedProcesses() {
  const mark = `TEMPOSLICE_TEST_RUN=${process.env.TEMPOSLICE_TEST_RUN}`;
  const found = process.platform === 'linux' ? fromProc(mark) : fromPs(mark);
  return found.filter(({ pid, command }) => pid !== process.pid && !command.includes('jest-worker'));
}

function fromProc(mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (!readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(mark)) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(name), command }];
      } catch {
        // Ended meanwhile, or somebody else's.
        return [];
      }
    });
}

function fromPs(mark) {
  return execFileSync('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(mark))
    .map((line) => ({ pid: parseInt(line, 10), command: line.trim().slice(0, 200) }));
}
