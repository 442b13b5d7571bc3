import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Every other process in whose environment `variable` is what it is in this one's: those that were started from
 * here, whoever their parent is now.
 */
export function markedProcesses(variable = 'TEMPOSLICE_TEST_RUN') {
  const mark = `${variable}=${process.env[variable]}`;
  const found = process.platform === 'linux' ? fromProc(mark) : fromPs(mark);
  return found.filter(({ pid }) => pid !== process.pid);
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
