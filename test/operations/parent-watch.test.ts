import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compiledPath } from '../../src/compiled-path.js';
import { Directories, writeTree } from './support/directories.js';
import { isAlive, until } from './support/processes.js';

const PARENT_WATCH = pathToFileURL(
  compiledPath('./parent-watch.js', new URL('../../src/operations/any.ts', import.meta.url).href),
).href;

const directories = new Directories();
afterAll(() => directories.clean());

/** A parent that forks one child, tells the child's pid, then passes messages on; `afterStart` runs in the child. */
function family(afterStart: string): ChildProcess {
  const root = directories.make();
  writeTree(root, {
    'child.mjs': `
      import { dieWithParent } from '${PARENT_WATCH}';
      dieWithParent();
      setInterval(() => undefined, 1000);
      process.on('message', (message) => process.send(message));
      process.send('up', () => { ${afterStart} });`,
    'parent.mjs': `
      import { fork } from 'node:child_process';
      const child = fork(${JSON.stringify(join(root, 'child.mjs'))}, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      child.once('message', () => process.send(child.pid));
      process.on('message', (message) => message === 'disconnect' ? child.disconnect() : child.send(message));
      child.on('message', (message) => message !== 'up' && process.send(message));
      setInterval(() => undefined, 1000);`,
  });
  return fork(join(root, 'parent.mjs'), { execArgv: [], env: {} });
}

async function childOf(parent: ChildProcess): Promise<number> {
  const [pid] = (await once(parent, 'message')) as [number];
  expect(isAlive(pid)).toBe(true);
  return pid;
}

it.each([
  ['idle', ''],
  ['busy for ever', 'for (;;);'],
  ['reluctant to leave', `process.on('exit', () => { for (;;); });`],
])('ends a child that is %s soon after its parent', async (_what, code) => {
  const parent = family(code);
  const child = await childOf(parent);
  const exited = once(parent, 'exit');
  parent.kill('SIGKILL');
  await exited;
  await until(() => !isAlive(child), 3000);
});

it('ends a child whose channel is closed', async () => {
  const parent = family('');
  const child = await childOf(parent);
  parent.send('disconnect');
  await until(() => !isAlive(child), 3000);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});

it('leaves Ctrl-C to the parent', async () => {
  const parent = family('');
  const child = await childOf(parent);
  process.kill(child, 'SIGINT');
  parent.send('still there?');
  expect(await once(parent, 'message')).toEqual(['still there?', undefined]);
  parent.kill('SIGKILL');
  await until(() => !isAlive(child), 3000);
});

it('does not keep a child that has nothing more to do', async () => {
  const root = directories.make();
  writeTree(root, {
    'alone.mjs': `
      import { dieWithParent } from '${PARENT_WATCH}';
      dieWithParent();`,
  });
  const alone = spawn(process.execPath, [join(root, 'alone.mjs')], { stdio: 'ignore' });
  const [code] = (await once(alone, 'exit')) as [number];
  expect(code).toBe(0);
});
