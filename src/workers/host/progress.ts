import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How far a worker host is with its lease: a few numbers at the beginning of a file without a name, which the host
 * writes before and after each slice and its node reads when it needs them. What was written survives the
 * host, however it died, and a slice costs one write into the page cache that wakes nobody (0.6 µs; a byte
 * on a pipe costs ten times that, the node's share included).
 */
export interface Progress {
  /** Number of the lease; 0 before the first. */
  lease: number;
  /** Slices of it that have ended. The next one, if any, has begun. */
  ended: number;
  /** How many of them failed. What is said of them on the pipe may not have been read yet. */
  failed: number;
  /** When that was, in ms of `monotonic`. */
  since: number;
}

const NUMBERS = 4;

/** File descriptor of the file in the host. */
const PROGRESS_FD = 5;

/** The host's side. */
export class ProgressWriter {
  private readonly numbers = new Float64Array(NUMBERS);

  constructor(private readonly fd = PROGRESS_FD) {}

  note({ lease, ended, failed, since }: Progress): void {
    this.numbers[0] = lease;
    this.numbers[1] = ended;
    this.numbers[2] = failed;
    this.numbers[3] = since;
    writeSync(this.fd, this.numbers, 0, this.numbers.byteLength, 0);
  }
}

/** The node's side. */
export class ProgressFile {
  /** To be inherited by the host. */
  readonly fd: number;
  private readonly numbers = new Float64Array(NUMBERS);
  private closed = false;

  /** @throws if there is no room for a file in the directory */
  constructor(directory: string) {
    const path = join(directory, `.progress-${randomUUID()}`);
    this.fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    writeSync(this.fd, this.numbers, 0, this.numbers.byteLength, 0);
  }

  read(): Progress {
    // Read until it is the same twice: the host may be writing at this moment.
    let before: string | undefined;
    while (!this.closed) {
      readSync(this.fd, this.numbers, 0, this.numbers.byteLength, 0);
      const now = this.numbers.join();
      if (now === before) break;
      before = now;
    }
    const [lease = 0, ended = 0, failed = 0, since = 0] = this.numbers;
    return { lease, ended, failed, since };
  }

  /** What is there now is what {@link read} gives from now on. */
  close(): void {
    if (this.closed) return;
    this.read();
    this.closed = true;
    closeSync(this.fd);
  }
}
