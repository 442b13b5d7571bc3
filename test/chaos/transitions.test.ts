import { expect, it } from '@jest/globals';
import type { ExecutionStatus } from '../../src/store/types.js';
import { mayBecome } from './transitions.js';

it.each<[ExecutionStatus, ExecutionStatus]>([
  ['pending', 'running'],
  ['initializing', 'recovering'],
  ['recovering', 'paused'],
  ['running', 'failing'],
  ['failing', 'running'],
  ['paused', 'running'],
  ['running', 'completed'],
  ['stopping', 'stopped'],
])('allows %s, then %s', (from, to) => {
  expect(mayBecome(from, to)).toBe(true);
});

it.each<[ExecutionStatus, ExecutionStatus]>([
  ['running', 'initializing'],
  ['running', 'recovering'],
  ['scheduling', 'pending'],
  ['stopping', 'running'],
  ['stopping', 'completed'],
  ['completed', 'failed'],
  ['failed', 'running'],
  ['terminated', 'stopped'],
])('does not allow %s, then %s', (from, to) => {
  expect(mayBecome(from, to)).toBe(false);
});
