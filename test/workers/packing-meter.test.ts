import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { SliceTuple } from '../../src/store/types.js';
import { PackingMeter } from '../../src/workers/packing-meter.js';

const slices = (count: number, request: (i: number) => string): SliceTuple[] =>
  Array.from({ length: count }, (_, i) => [0, i, JSON.stringify(request(i))]);

it('finds that slices shrink which resemble each other, and that others do not', () => {
  const alike = new PackingMeter().add(slices(2_000, (i) => `the same but for its number ${i}`));
  expect(alike).toBeLessThan(0.4);
  const random = new PackingMeter().add(slices(50, () => randomBytes(500).toString('base64')));
  expect(random).toBeGreaterThan(0.8);
  expect(random).toBeLessThanOrEqual(1);
});

it('says nothing of few slices, but of many that come one after the other', () => {
  const meter = new PackingMeter();
  const told = slices(2_000, (i) => `the same but for its number ${i}`)
    .map((slice) => meter.add([slice]))
    .filter((share) => share !== undefined);
  expect(meter.add([])).toBeUndefined();
  expect(told.length).toBeGreaterThan(1);
  for (const share of told) expect(share).toBeLessThan(0.4);
});

it('goes by what shrinks least, however much else is in the same answer, and however many slices that are', () => {
  const alike = slices(150_000, (i) => `the same but for its number ${i}`);
  const random = slices(60, () => randomBytes(500).toString('base64'));
  expect(new PackingMeter().add([...alike, ...random, ...alike])).toBeGreaterThan(0.8);
});
