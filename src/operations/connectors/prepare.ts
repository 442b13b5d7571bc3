import { ConfigFile } from '../../config/config-file.js';
import type { FoundationConfig } from '../../config/foundation.js';
import { readFoundation } from '../../config/foundation.js';
import { ConfigurationError } from '../../workers/configuration-error.js';
import type { Settings } from '../../settings.js';
import { systemOptions } from '../sysconfig.js';
import { NoAnswer, ValidationProcess } from '../validation-process.js';
import type { ConnectorFinding } from './validation.js';

/** Longest time that loading and checking all connectors may take, in ms. */
const TIMEOUT = 60_000;
const MEMORY_MB = 256;

/**
 * What operations see of the configuration file, its connections checked and complete. The code of connectors runs
 * in a process of its own, which is not started if there are none.
 * @param warn told of connectors that are not installed and of options that they do not know
 * @throws ConfigurationError that names each connection that is wrong, with its line
 */
export async function prepareFoundation(
  settings: Parameters<typeof systemOptions>[0] & Pick<Settings, 'config'>,
  warn: (message: string) => void,
): Promise<FoundationConfig> {
  const foundation = readFoundation(settings.config);
  if (settings.config === undefined || Object.keys(foundation.connectors).length === 0) return foundation;
  const file = ConfigFile.read(settings.config);
  const placed = ({ type, name, message }: ConnectorFinding): string =>
    file.describe(['terafoundation', 'connectors', type, ...(name === undefined ? [] : [name])], message);

  const process = new ValidationProcess(MEMORY_MB);
  try {
    await process.started;
    const request = { connectors: foundation.connectors, options: systemOptions(settings, foundation) };
    const { connectors, warnings, errors } = await process.ask(request, TIMEOUT);
    for (const finding of warnings) warn(placed(finding));
    if (errors.length > 0) throw new ConfigurationError(errors.map(placed).join('\n'));
    return { ...foundation, connectors };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new ConfigurationError(`the connectors cannot be checked: ${error.message}`, { cause: error });
  } finally {
    await process.end();
  }
}
