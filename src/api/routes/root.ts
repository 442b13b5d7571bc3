import type { ApiDependencies } from '../dependencies.js';
import { operation } from '../http/operation.js';
import type { Resources } from '../http/resource.js';
import { root } from '../schemas/server.js';
import { TERASLICE_VERSION } from '../../version.js';

/** What this is: read by clients ahead of everything else. */
export function rootRoutes(resources: Resources, { settings, version }: ApiDependencies): void {
  resources.add('/', {
    get: operation({ summary: 'What this server is', reply: root }, () => ({
      arch: process.arch,
      clustering_type: 'native' as const,
      name: settings.name,
      node_version: process.version,
      platform: process.platform,
      teraslice_version: `v${TERASLICE_VERSION}`,
      temposlice_version: version,
    })),
  });
}
