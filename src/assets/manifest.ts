import { createReadStream } from 'node:fs';
import { lstat, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import crc32 from 'buffer-crc32';

/** Lies in the root of an unpacked asset. A folder without it was not unpacked by this program. */
export const MANIFEST_NAME = '.temposlice-manifest.json';

/** Files looked at together. */
const TOGETHER = 64;

/** Size in bytes and CRC-32 of each file of an unpacked asset, by its path with forward slashes. */
export type Manifest = Record<string, [size: number, crc: number]>;

/** Undefined if there is none that can be read. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, MANIFEST_NAME), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

export const writeManifest = (folder: string, manifest: Manifest): Promise<void> =>
  writeFile(join(folder, MANIFEST_NAME), JSON.stringify(manifest));

/**
 * A text that changes whenever a file is written, replaced or removed; undefined if files are missing or have
 * another size than the manifest says. Cheap: no file is read.
 */
export async function stateOf(folder: string, manifest: Manifest): Promise<string | undefined> {
  const changed: number[] = [];
  const files = Object.entries(manifest);
  for (let at = 0; at < files.length; at += TOGETHER) {
    const looks = files.slice(at, at + TOGETHER).map(async ([file, [size]]) => {
      const stats = await lstat(join(folder, file)).catch(() => undefined);
      return stats?.isFile() === true && stats.size === size ? stats.ctimeMs : undefined;
    });
    for (const ctime of await Promise.all(looks)) {
      if (ctime === undefined) return undefined;
      changed.push(ctime);
    }
  }
  return changed.join();
}

/** Whether every file holds what it was unpacked with. Reads all of them. */
export async function hasContent(folder: string, manifest: Manifest): Promise<boolean> {
  for (const [file, [, expected]] of Object.entries(manifest)) {
    let crc = 0;
    for await (const chunk of createReadStream(join(folder, file))) {
      crc = crc32.unsigned(chunk as Buffer, crc);
    }
    if (crc !== expected) return false;
  }
  return true;
}
