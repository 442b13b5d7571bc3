import { once } from 'node:events';
import { join } from 'node:path';
import { forkForUserCode } from '../../src/operations/child-process.js';
import { Directories, writeTree } from './support/directories.js';

const directories = new Directories();
const SECRETS = ['TEMPOSLICE_STORE', 'TEMPOSLICE_CLUSTER_TOKEN'];
const kept = SECRETS.map((name) => process.env[name]);
afterAll(() => {
  directories.clean();
  SECRETS.forEach((name, index) => {
    delete process.env[name];
    if (kept[index] !== undefined) process.env[name] = kept[index];
  });
});

it('keeps the secrets of the cluster from user code', async () => {
  const root = directories.make();
  writeTree(root, { 'child.cjs': 'process.send(process.env);' });
  for (const name of SECRETS) process.env[name] = 'secret';
  process.env.TEMPOSLICE_NAME = 'cluster';
  const child = forkForUserCode(join(root, 'child.cjs'), { memoryMb: 64, env: { OWN: 'variable' } });
  const [environment] = (await once(child, 'message')) as [NodeJS.ProcessEnv];
  expect(environment).toMatchObject({ TEMPOSLICE_NAME: 'cluster', OWN: 'variable' });
  for (const name of SECRETS) expect(environment).not.toHaveProperty(name);
  await once(child, 'exit');
});
