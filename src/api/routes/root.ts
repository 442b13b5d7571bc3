import type { Router } from 'express';
import type { ApiDependencies } from '../dependencies.js';
import { resource } from '../http/resource.js';
import { TERASLICE_VERSION } from '../version.js';

/** What this is: read by clients ahead of everything else. */
export function rootRoutes(router: Router, { settings, version }: ApiDependencies): void {
  resource(router, '/', {
    get(_request, response) {
      response.json({
        arch: process.arch,
        clustering_type: 'native',
        name: settings.name,
        node_version: process.version,
        platform: process.platform,
        teraslice_version: `v${TERASLICE_VERSION}`,
        temposlice_version: version,
      });
    },
  });
}
