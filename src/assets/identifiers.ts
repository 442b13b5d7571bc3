import { valid } from 'semver';
import { ASSET_ID } from './content-id.js';

/**
 * Names of operations and APIs that say which asset they come from: `name@asset`, `name@asset:version`, and for
 * APIs a tag behind it, `name@asset:tag` or `name@asset:version:tag` (Teraslice's `docs/jobs/configuration.md`).
 */
interface QualifiedName {
  name: string;
  /** As written, one of the job's `assets`. */
  asset: string;
  tag?: string;
}

/** Undefined for a name without an asset. A part behind the asset is a version if it can be one, or no tag can be. */
function parse(text: string, tagged: boolean): QualifiedName | undefined {
  const at = text.indexOf('@');
  if (at < 0) return undefined;
  const name = text.slice(0, at);
  const [asset = '', second, third, ...more] = text.slice(at + 1).split(':');
  if (more.length > 0) throw new Error(`Invalid name for "${text}", it has to many ":" characters`);
  if (third !== undefined) return { name, asset: `${asset}:${second}`, tag: third };
  if (second === undefined) return { name, asset };
  const isTag = ASSET_ID.test(asset) || (tagged && valid(second) === null);
  return isTag ? { name, asset, tag: second } : { name, asset: `${asset}:${second}` };
}

/** Where an operation names an API: Teraslice's documentation has the second with an asset, its code only the first. */
const API_REFERENCES = ['_api_name', 'api_name'] as const;

type Config = Record<string, unknown>;

/**
 * Puts asset ids into the names of a job's operations and APIs. Changes nothing that is given.
 * @param ids asset id by identifier, as the job's `assets` has it
 * @throws Error, in Teraslice's words, for an asset that the job does not list
 */
export function qualifyNames(spec: Config, ids: ReadonlyMap<string, string>): Config {
  const qualify = (
    config: Config,
    key: string,
    tagged: boolean,
    complaint: (name: string) => string,
  ): void => {
    const text = config[key];
    const parsed = typeof text === 'string' ? parse(text, tagged) : undefined;
    if (parsed === undefined) return;
    const { name, asset, tag } = parsed;
    const id = ids.get(asset) ?? [...ids.values()].find((known) => known === asset);
    if (id === undefined) {
      throw new Error(`${complaint(name)}, could not find the hashID for asset identifier ${asset}`);
    }
    config[key] = `${name}@${id}${tag === undefined ? '' : `:${tag}`}`;
  };
  const copy = (list: unknown, change: (config: Config) => void): unknown =>
    !Array.isArray(list)
      ? list
      : list.map((entry: unknown) => {
          if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
          const config = { ...entry } as Config;
          change(config);
          return config;
        });

  return {
    ...spec,
    operations: copy(spec.operations, (operation) => {
      for (const key of API_REFERENCES) {
        qualify(operation, key, true, (name) => `Invalid operation ${key} for _op: ${name}`);
      }
      qualify(operation, '_op', false, (name) => `Invalid operation name for _op: ${name}`);
    }),
    ...(spec.apis === undefined
      ? {}
      : {
          apis: copy(spec.apis, (api) =>
            qualify(api, '_name', true, (name) => `Invalid api name for _name: ${name}`),
          ),
        }),
  };
}
