import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestStack } from '../support/stack.js';
import { CASES } from './cases/index.js';
import { differences } from './check.js';
import { Server } from './server.js';
import { World } from './world.js';

let stack: TestStack;
let server: Server;
let world: World;
beforeAll(async () => {
  stack = await TestStack.start();
  server = new Server(stack.url);
  world = new World(server);
});
afterAll(() => stack.stop());

it('is taken for Temposlice', async () => {
  expect(await server.kind()).toBe('temposlice');
});

// In this order: some change what a later one looks at.
it.each(CASES.map((one) => [one.row, one.request, one] as const))('%s: %s', async (_row, _request, one) => {
  expect(await differences(one, server, 'temposlice', world)).toEqual([]);
});

it('leaves nothing behind', async () => {
  await world.remove();
  for (const list of ['jobs', 'assets', 'cluster/controllers']) {
    expect((await server.send('GET', `/v1/${list}?size=1000`)).json).toEqual([]);
  }
});
