import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** Bundles the workflow once, at build time: webpack costs seconds and 150 MB that no master should pay. */
const { code } = await bundleWorkflowCode({
  logger: new DefaultLogger('WARN'),
  workflowsPath: fileURLToPath(new URL('./execution.js', import.meta.url)),
});
await writeFile(new URL('./bundle.js', import.meta.url), code);
