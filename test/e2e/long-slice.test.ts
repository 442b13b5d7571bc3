import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { unreplayable } from '../support/histories.js';
import { exported, TestStack } from '../support/stack.js';
import { until } from '../support/until.js';

const LONG_MS = 15_000;
const LONG = 10;
const SLICES = 200;
/** A verb waits for a slice until it has outlasted its lease: at most 6 s, and some for the machine. */
const VERB_LIMIT = 10_000;

interface Note {
  what: 'begin' | 'end';
  at: number;
  n: number;
}

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start();
});
afterAll(() => stack.stop());

const notesOf = (journal: string): Note[] =>
  readFileSync(journal, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Note);

async function submit(
  name: string,
  job: Record<string, unknown>,
  reader: object,
  long: number,
  where = stack,
) {
  const folder = where.folder(name);
  const journal = join(folder, 'journal');
  const submission = await where.submit({
    workers: 2,
    ...job,
    operations: [
      { _op: 'counter', ...reader },
      { _op: 'slow', ms: 20, long_n: [LONG], long, journal },
      { _op: 'file_exporter', path: folder },
    ],
  });
  const began = (): boolean => notesOf(journal).some(({ what, n }) => what === 'begin' && n === LONG);
  await until(began, 30_000, 100);
  return { ...submission, folder, journal };
}

const expectExact = (folder: string): void => {
  const found = exported<{ n: number }>(folder).map(({ n }) => n);
  expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: SLICES }, (_, n) => n));
};

it('does everything else while one slice takes long', async () => {
  const { ex_id, folder, journal } = await submit('beside', {}, { slices: SLICES }, LONG_MS);
  expect(await stack.ended(ex_id)).toMatchObject({ _status: 'completed' });
  expectExact(folder);
  const notes = notesOf(journal);
  expect(notes).toHaveLength(2 * SLICES);
  expect(notes.at(-1)).toMatchObject({ what: 'end', n: LONG });
});

it('pauses while one slice takes long, and counts it once', async () => {
  const { job_id, ex_id, folder, journal } = await submit(
    'pause',
    {},
    { slices: SLICES, pause: 30 },
    LONG_MS,
  );
  const asked = Date.now();
  expect(await stack.verb(job_id, '_pause')).toEqual({ status: 'paused' });
  expect(Date.now() - asked).toBeLessThan(VERB_LIMIT);
  expect(notesOf(journal)).not.toContainEqual(expect.objectContaining({ what: 'end', n: LONG }));
  await stack.verb(job_id, '_resume');
  expect(await stack.ended(ex_id)).toMatchObject({
    _status: 'completed',
    _slicer_stats: { processed: SLICES },
  });
  expectExact(folder);
  expect(notesOf(journal)).toHaveLength(2 * SLICES);
});

it('stops while one slice takes long: the slice is ended, and pending', async () => {
  const { job_id, ex_id, journal } = await submit('stop', { lifecycle: 'persistent' }, {}, 60_000);
  const asked = Date.now();
  expect(await stack.verb(job_id, '_stop')).toEqual({ status: 'stopped' });
  // Until it has outlasted its lease, then the shutdown timeout of 5 s.
  expect(Date.now() - asked).toBeLessThan(VERB_LIMIT + 5_000);
  await stack.hostsOf(ex_id, 'worker', 0);
  const { _slicer_stats: stats } = await stack.execution(ex_id);
  const ends = notesOf(journal).filter(({ what }) => what === 'end');
  expect(stats).toMatchObject({ processed: ends.length, failed: 0 });
  expect(ends.map(({ n }) => n)).not.toContain(LONG);
});

it('stops with a slice that ends within the shutdown timeout, and counts it', async () => {
  const patient = await TestStack.start('--shutdown-timeout', '60000');
  try {
    const persistent = { lifecycle: 'persistent' };
    const { job_id, ex_id, journal } = await submit('in-time', persistent, {}, 9_000, patient);
    expect(await patient.verb(job_id, '_stop')).toEqual({ status: 'stopped' });
    await patient.hostsOf(ex_id, 'worker', 0);
    const { _slicer_stats: stats } = await patient.execution(ex_id);
    const ends = notesOf(journal).filter(({ what }) => what === 'end');
    expect(ends.map(({ n }) => n)).toContain(LONG);
    expect(stats).toMatchObject({ processed: ends.length, failed: 0 });
    expect(await unreplayable(patient)).toEqual([]);
  } finally {
    await patient.stop();
  }
});

it('stops by force at once: nobody waits for the slice, which is pending', async () => {
  const { job_id, ex_id, journal } = await submit('force', { lifecycle: 'persistent' }, {}, 60_000);
  const killed = await stack.verb(job_id, '_stop?force=true');
  expect(killed).toEqual({ message: `Force stop complete for exId ${ex_id}`, status: 'stopped' });
  expect(stack.log).toContain('its execution was stopped by force');
  await stack.hostsOf(ex_id, 'worker', 0);
  const { _slicer_stats: stats } = await stack.execution(ex_id);
  expect(stats).toMatchObject({ failed: 0 });
  const ends = notesOf(journal).filter(({ what }) => what === 'end');
  expect(ends.map(({ n }) => n)).not.toContain(LONG);
});

it('leaves histories that the workflow of today replays', async () => {
  expect(await unreplayable(stack)).toEqual([]);
});
