import { randomUUID } from 'node:crypto';

/** Every process that a test starts inherits this variable; check-leftovers.js looks for it. */
export default function markProcesses() {
  process.env.TEMPOSLICE_TEST_RUN = randomUUID();
}
