import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ExtraNode } from '../support/extra-node.js';
import { TestStack } from '../support/stack.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

let stack: TestStack;
let proxy: TcpProxy;
let node: ExtraNode;
beforeAll(async () => {
  // The other node has most room, so that slicers go there first.
  stack = await TestStack.start('--slots', '2', '--fence-timeout', '10000');
  proxy = await TcpProxy.start(stack.temporal);
  node = await ExtraNode.start(stack, 'far', proxy.address);
});
afterAll(async () => {
  await node.stop();
  await proxy.stop();
  await stack.stop();
});

/** Where an execution has hosts, by node. */
const placesOf = async (exId: string): Promise<string[]> =>
  (await stack.nodes()).flatMap(({ node_id, active }) =>
    active.filter(({ ex_id }) => ex_id === exId).map(({ assignment }) => `${assignment} on ${node_id}`),
  );

it('goes on elsewhere when its node reaches masters, but not Temporal', async () => {
  const { ex_id } = await stack.submit({
    ...{ name: 'cut off', lifecycle: 'persistent', workers: 1, assets: [] },
    operations: [
      { _op: 'data_generator', size: 10 },
      { _op: 'delay', ms: 50 },
    ],
  });
  await stack.processed(ex_id, 10);
  expect(await placesOf(ex_id)).toContain('execution_controller on far');
  proxy.cut();
  await until(async () => {
    const places = await placesOf(ex_id);
    return places.length === 2 && places.every((place) => !place.endsWith(' on far'));
  }, 90_000);
  const { processed = 0 } = (await stack.controller(ex_id)) ?? {};
  await stack.processed(ex_id, processed + 10, 60_000);
  expect((await stack.nodes()).find(({ node_id }) => node_id === 'far')).toMatchObject({
    state: 'connected',
  });
}, 240_000);
