import { setTimeout as delay } from 'node:timers/promises';
import { markedProcesses } from './marked-processes.mjs';

/** Time for processes that a test has told to end, in ms. */
const GRACE = 10_000;

/** Fails the run if a process that a test started still runs; ends it, so that the machine stays clean. */
export default async function checkLeftovers() {
  const deadline = Date.now() + GRACE;
  let leftovers = leftBehind();
  while (leftovers.length && Date.now() < deadline) {
    await delay(200);
    leftovers = leftBehind();
  }
  if (!leftovers.length) return;
  for (const { pid } of leftovers) process.kill(pid, 'SIGKILL');
  const list = leftovers.map(({ pid, command }) => `  ${pid} ${command}`).join('\n');
  throw new Error(`processes were left behind by the tests (ended now):\n${list}`);
}

const leftBehind = () => markedProcesses().filter(({ command }) => !command.includes('jest-worker'));
