import { ValidationProcess } from '../../src/operations/validation-process.js';

/** Keeps this process from doing anything, as when it is suspended. */
const standStill = (ms: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

it('takes an answer that came while this process stood still for longer than the time limit', async () => {
  const validation = new ValidationProcess(256);
  await validation.started;
  const options = {
    clusterName: 'test',
    assetsDirectory: '/nowhere',
    shutdownTimeout: 1_000,
    logLevel: 'error',
  };
  const answer = validation.ask({ describe: true, options }, 2_000);
  standStill(3_000);
  await expect(answer).resolves.toHaveProperty('jobSchema');
  await validation.end();
});
