import type { Settings } from '../settings.js';
import type { ConfigFile, Section } from './config-file.js';
import { TERAFOUNDATION_KEYS, TERASLICE_KEYS, type Meaning } from './teraslice-keys.js';

/** Reads a setting from the text that its flag would be given. @throws Error */
type ParseSetting = (setting: keyof Settings, text: string) => unknown;

export interface FileSettings {
  settings: Partial<Settings>;
  /** Keys that mean nothing to anybody, each with file and line. */
  warnings: string[];
}

/** Name of a setting in the section `temposlice`: `data_dir` for `dataDir`. */
export const keyOf = (setting: keyof Settings): string =>
  setting.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * The settings that a file gives. Ours go before those of Teraslice's sections.
 * @param names the settings that the section `temposlice` may hold
 * @throws ConfigurationError with file, line and key
 */
export function fileSettings(
  file: ConfigFile,
  names: Array<keyof Settings>,
  parse: ParseSetting,
): FileSettings {
  const settings: Partial<Record<keyof Settings, unknown>> = {};
  const warnings = file.foreignKeys().map((key) => file.describe([key], 'no such section; it is ignored'));

  const set = (
    section: Section,
    key: string,
    setting: keyof Settings,
    read: () => string | undefined,
  ): void => {
    try {
      const text = read();
      if (text !== undefined) settings[setting] = parse(setting, text);
    } catch (error) {
      // Not the value: it may be a secret.
      throw file.error([section, key], (error as Error).message);
    }
  };
  const take = (section: Section, keys: Record<string, Meaning | undefined>): void => {
    for (const [key, value] of Object.entries(file.section(section))) {
      if (!Object.hasOwn(keys, key)) {
        warnings.push(file.describe([section, key], 'nobody knows this key; it is ignored'));
        continue;
      }
      const meaning = keys[key];
      // A key without a value counts as left out.
      if (meaning === undefined || value === null || value === undefined) continue;
      set(section, key, meaning.setting, () => meaning.convert(value));
    }
  };

  take('terafoundation', TERAFOUNDATION_KEYS);
  take('teraslice', TERASLICE_KEYS);
  const { prom_metrics_enabled, prom_metrics_port = 3333 } = file.section('terafoundation');
  if (prom_metrics_enabled === true) {
    set('terafoundation', 'prom_metrics_port', 'metricsPort', () => String(prom_metrics_port));
  }
  const ours = names.map((setting) => [keyOf(setting), { setting, convert: ownValue } satisfies Meaning]);
  take('temposlice', Object.fromEntries(ours) as Record<string, Meaning>);
  // Behind ours, for the port.
  const { master_hostname } = file.section('teraslice');
  if (typeof master_hostname === 'string' && settings.master === undefined) {
    set(
      'teraslice',
      'master_hostname',
      'master',
      () => `http://${master_hostname}:${Number(settings.port ?? 5678)}`,
    );
  }
  return { settings: settings as Partial<Settings>, warnings };
}

function ownValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(ownValue).join(',');
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
  throw new Error('It must be a single value or a list.');
}
