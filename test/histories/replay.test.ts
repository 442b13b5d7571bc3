import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { replay, type Recording } from '../support/histories.js';

const folder = new URL('./', import.meta.url);
const names = readdirSync(fileURLToPath(folder)).filter((name) => name.endsWith('.json'));

it('replays every recorded history with the workflow of today (how to record: record.ts)', async () => {
  expect(names.length).toBeGreaterThan(0);
  const recordings = names.map(
    (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Recording,
  );
  const errors = await replay(recordings);
  expect(errors.map((error, i) => [names[i], error])).toEqual(names.map((name) => [name, null]));
});
