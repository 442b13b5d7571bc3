import type { PurgeResult } from '../workers/master/purger.js';
import { tell } from '../leave.js';
import { requestMaster, type ClientSettings } from './master-requests.js';

/**
 * Removes executions that ended and have not changed for `age` ms.
 * @throws ConfigurationError if the master cannot be reached
 */
export async function runPurge(settings: ClientSettings, age: number): Promise<void> {
  let purged = 0;
  for (;;) {
    const result = await requestMaster<PurgeResult>(settings, 'POST', `/purge?older_than=${age}`);
    purged += result.purged;
    if (!result.more) break;
    tell(`${purged} executions removed …`);
  }
  process.stdout.write(`${purged} executions removed\n`);
}
