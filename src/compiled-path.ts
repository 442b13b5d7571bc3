import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The compiled JavaScript of a module of ours that is run as a process. A child gets no loader, so a parent that
 * runs from TypeScript itself (as tests do) finds its children in `dist`.
 *
 * @param specifier relative to `base`, with its `.js` ending
 * @param base `import.meta.url` of the caller
 */
export function compiledPath(specifier: string, base: string): string {
  const path = fileURLToPath(new URL(specifier, base));
  if (!base.endsWith('.ts')) return path;
  const source = `${sep}src${sep}`;
  const at = path.lastIndexOf(source);
  return `${path.slice(0, at)}${sep}dist${sep}${path.slice(at + source.length)}`;
}
