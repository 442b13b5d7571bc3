import { expect, it } from '@jest/globals';
import { callsBetween, frontendRequests } from '../../../bench/load/temporal-server.js';

const METRICS = `# TYPE service_requests counter
service_requests{namespace="default",operation="PollActivityTaskQueue",service_name="frontend"} 7
service_requests{namespace="other",operation="PollActivityTaskQueue",service_name="frontend"} 2
service_requests{namespace="default",operation="RecordActivityTaskStarted",service_name="history"} 5
service_requests{namespace="default",operation="GetSystemInfo",service_name="frontend"} 1e+06
service_requests_total{operation="GetSystemInfo",service_name="frontend"} 3
`;

it('counts what clients ask for, not what the server asks itself', () => {
  expect(frontendRequests(METRICS)).toEqual(
    new Map([
      ['PollActivityTaskQueue', 9],
      ['GetSystemInfo', 1_000_000],
    ]),
  );
});

it('tells what was asked meanwhile, most first', () => {
  const before = new Map([
    ['a', 1],
    ['b', 5],
  ]);
  const after = new Map([
    ['a', 2],
    ['b', 5],
    ['c', 3],
  ]);
  expect([...callsBetween(before, after)]).toEqual([
    ['c', 3],
    ['a', 1],
  ]);
});
