import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { ConfigurationError } from '../workers/configuration-error.js';

/** The sections that have a meaning here; `terafoundation` and `teraslice` are those of Teraslice. */
export const SECTIONS = ['terafoundation', 'teraslice', 'temposlice'] as const;
export type Section = (typeof SECTIONS)[number];

/** Where Teraslice looks for a file that nobody named, in its order. */
const USUAL_PLACES = ['/app/config/config', './config'].flatMap((path) =>
  ['.yaml', '.yml', '.json'].map((ending) => path + ending),
);

type Mapping = Record<string, unknown>;

/**
 * A configuration file in YAML (or JSON, which is YAML too), with the lines of its keys.
 */
export class ConfigFile {
  private readonly sections: Record<Section, Mapping>;

  private constructor(
    /** Absolute. */
    readonly path: string,
    private readonly document: Document,
    private readonly lines: LineCounter,
  ) {
    const content: unknown = document.toJS({ maxAliasCount: 1_000 }) ?? {};
    if (!isMapping(content)) {
      throw new ConfigurationError(`${path}: it must be a mapping with the sections ${SECTIONS.join(', ')}`);
    }
    const section = (name: Section): Mapping => {
      const value = content[name] ?? {};
      if (!isMapping(value)) throw this.error([name], 'it must be a mapping');
      return value;
    };
    this.sections = {
      terafoundation: section('terafoundation'),
      teraslice: section('teraslice'),
      temposlice: section('temposlice'),
    };
  }

  /** @throws ConfigurationError with file and line, if it cannot be read */
  static read(path: string): ConfigFile {
    const absolute = resolve(path);
    let text: string;
    try {
      text = readFileSync(absolute, 'utf8');
    } catch (cause) {
      const { message } = cause as Error;
      throw new ConfigurationError(`the configuration file cannot be read: ${message}`, { cause });
    }
    const lines = new LineCounter();
    // Merge keys (`<<`) are YAML 1.1, but Teraslice's parser takes them.
    const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
    const [problem] = document.errors;
    if (problem !== undefined) {
      const { line, col } = lines.linePos(problem.pos[0]);
      throw new ConfigurationError(`${absolute}:${line}:${col}: ${problem.message}`);
    }
    return new ConfigFile(absolute, document, lines);
  }

  /** The file in one of the usual places; undefined if there is none, or if what is there is somebody else's. */
  static find(places: string[] = USUAL_PLACES): ConfigFile | undefined {
    const path = places.find((place) => existsSync(place));
    if (path === undefined) return undefined;
    const file = ConfigFile.read(path);
    return SECTIONS.some((section) => file.document.has(section)) ? file : undefined;
  }

  section(name: Section): Mapping {
    return this.sections[name];
  }

  /** Top-level keys that are no section. */
  foreignKeys(): string[] {
    const { contents } = this.document;
    if (!isMap(contents)) return [];
    return contents.items
      .map(({ key }) => String(isScalar(key) ? key.value : key))
      .filter((key) => !(SECTIONS as readonly string[]).includes(key));
  }

  /** `<file>:<line>: <key>: <what>`, for the key at the path. */
  describe(path: string[], what: string): string {
    const line = this.lineOf(path);
    return `${this.path}${line === undefined ? '' : `:${line}`}: ${path.join('.')}: ${what}`;
  }

  error(path: string[], what: string): ConfigurationError {
    return new ConfigurationError(this.describe(path, what));
  }

  /** Line of the last key of the path that is there as such: a merged or aliased one has none of its own. */
  private lineOf(path: string[]): number | undefined {
    let node: unknown = this.document.contents;
    let offset: number | undefined;
    for (const name of path) {
      const pair = isMap(node) && node.items.find(({ key }) => isScalar(key) && String(key.value) === name);
      if (!pair) break;
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value;
    }
    return offset === undefined ? undefined : this.lines.linePos(offset).line;
  }
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
