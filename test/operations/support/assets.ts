import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { writeTree } from './directories.js';

/** URL of the library, for code outside this project. */
export const jobComponents = pathToFileURL(
  createRequire(import.meta.url).resolve('@terascope/job-components'),
).href;

export const ASSET_ID = 'a'.repeat(40);
export const OTHER_ASSET_ID = 'b'.repeat(40);

interface OperationCode {
  /** Statements at the top of the schema's module. */
  top?: string;
  /** Members of the schema class, beside an empty `build`. */
  schema?: string;
  /** Members of the processor class, beside an `onBatch` that passes records on. */
  processor?: string;
}

/** An unpacked asset in the standard layout, with processors given by their code. */
export function writeAsset(assets: string, id: string, operations: Record<string, OperationCode>): void {
  const files: Record<string, string> = {
    [`${id}/asset.json`]: JSON.stringify({ name: `asset-${id[0]}`, version: '1.0.0' }),
    [`${id}/package.json`]: JSON.stringify({ type: 'module' }),
  };
  for (const [name, { top = '', schema = '', processor = '' }] of Object.entries(operations)) {
    files[`${id}/${name}/schema.js`] = `
      import { ConvictSchema } from '${jobComponents}';
      ${top}
      export default class Schema extends ConvictSchema {
        build() { return {}; }
        ${schema}
      }`;
    files[`${id}/${name}/processor.js`] = `
      import { BatchProcessor } from '${jobComponents}';
      export default class Processor extends BatchProcessor {
        async onBatch(records) { return records; }
        ${processor}
      }`;
  }
  writeTree(assets, files);
}

/** An unpacked asset in the bundled layout; `operations` is the code of its ASSETS object. */
export function writeBundle(assets: string, id: string, operations: string): void {
  writeTree(assets, {
    [join(id, 'asset.json')]: JSON.stringify({ name: `asset-${id[0]}`, version: '1.0.0' }),
    [join(id, 'package.json')]: JSON.stringify({ type: 'module' }),
    [join(id, 'index.js')]: `
      import * as lib from '${jobComponents}';
      export default { ASSETS: ${operations} };`,
  });
}
