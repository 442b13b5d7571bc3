/** Writes to the store in the folder given until it is killed, and tells its parent what was acknowledged. */
import { openStore } from '../../src/store/index.js';
import { makeExecution } from '../support/executions.js';

process.once('disconnect', () => process.exit());

const store = await openStore({ dataDir: process.argv[2] ?? '' });
for (;;) {
  const doc = makeExecution();
  await store.executions.insert(doc);
  await store.executions.setStatus(doc.ex_id, 1, 'running');
  process.send?.(doc.ex_id);
}
