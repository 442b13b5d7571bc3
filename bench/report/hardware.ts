import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

export interface Hardware {
  processors: number;
  model: string;
  memoryGb: number;
  system: string;
  node: string;
  /** Load of the machine in the last minute before the bench began. */
  loadBefore: number;
}

export function hardware(): Hardware {
  return {
    processors: availableParallelism(),
    model: cpus()[0]?.model.trim() || modelOfProc() || 'unknown',
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()}`,
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** ARM processors have no name that Node knows. */
function modelOfProc(): string | undefined {
  try {
    return /^(?:model name|CPU part)\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

export const describeHardware = ({
  processors,
  model,
  memoryGb,
  system,
  node,
  loadBefore,
}: Hardware): string =>
  `${processors} processors (${model}), ${memoryGb} GB, ${system}, Node ${node}, load before ${loadBefore.toFixed(1)}`;
