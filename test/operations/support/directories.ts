import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Fresh folders for tests; all are removed by `clean`. */
export class Directories {
  readonly #made: string[] = [];

  make(): string {
    const path = mkdtempSync(join(tmpdir(), 'temposlice-test-'));
    this.#made.push(path);
    return path;
  }

  clean(): void {
    for (const path of this.#made.splice(0)) rmSync(path, { recursive: true, force: true });
  }
}

/** Writes files, given by their paths below `root`. */
export function writeTree(root: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
