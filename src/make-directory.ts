import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it. Not by `recursive`: below `/proc`, where nothing can be made, Node 20 then tries
 * for ever.
 * @throws the system's error, with the path that cannot be made
 */
export function makeDirectory(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Another process may have been faster.
      if (!existsSync(folder)) throw error;
    }
  }
  // Says so if there is a file of that name.
  if (!statSync(path).isDirectory()) mkdirSync(path);
}
