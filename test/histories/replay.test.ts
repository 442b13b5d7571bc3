import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { BUNDLE, replay, type Recording } from '../support/histories.js';

const folder = new URL('./', import.meta.url);
const names = readdirSync(fileURLToPath(folder), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .sort();
const recordings = names.map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Recording);

/** Replays with a workflow in which `what` is another text. */
async function replayWith(what: RegExp, instead: string): Promise<Array<string | null>> {
  const code = readFileSync(BUNDLE, 'utf8');
  expect(code).toMatch(what);
  const temporary = mkdtempSync(join(tmpdir(), 'temposlice-changed-'));
  try {
    const bundle = join(temporary, 'bundle.js');
    writeFileSync(bundle, code.replace(what, instead));
    return await replay(recordings, bundle);
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/** Replays with a workflow that begins with `statement`; `wf` is the SDK in it. */
async function replayChanged(statement: string): Promise<Array<string | null>> {
  const sdk = /(_temporalio_workflow__WEBPACK_IMPORTED_MODULE_\d+__)\.defineSignal\('pause'\)/.exec(
    readFileSync(BUNDLE, 'utf8'),
  )?.[1];
  const begin = /async function execution\(input\) \{/;
  return replayWith(begin, `$& const wf = ${sdk}; ${statement}`);
}

it('replays every recorded history with the workflow of today (how to record: record.ts)', async () => {
  expect(names.length).toBeGreaterThan(0);
  const errors = await replay(recordings);
  expect(errors.map((error, i) => [names[i], error])).toEqual(names.map((name) => [name, null]));
});

it('catches a change that the runs of before cannot follow', async () => {
  for (const error of await replayChanged('await wf.sleep(1);'))
    expect(error).toMatch(/DeterminismViolation/);
});

it('lets them go on past a change that is patched', async () => {
  const errors = await replayChanged("if (wf.patched('a change')) await wf.sleep(1);");
  expect(errors).toEqual(names.map(() => null));
});

/** Numbers with which hardly any run would do what it did. */
const OTHERS = '{ ...BEFORE, maxLeases: 1, maxLeaseSlices: 1, maxQueuedSlices: 3, maxHistoryEvents: 10 }';

it('lets them go on with their own numbers when those of new runs are changed', async () => {
  const errors = await replayWith(/const TUNING = \{[^}]*\}/, `const TUNING = ${OTHERS}`);
  expect(errors).toEqual(names.map(() => null));
});

it('would catch a change of the numbers of runs that carry none', async () => {
  const errors = await replayWith(/\(\{ \.\.\.BEFORE, \.\.\.given \}\)/, `({ ...${OTHERS}, ...given })`);
  const caught = names.filter((_, i) => /DeterminismViolation/.test(errors[i] ?? ''));
  expect(caught).not.toHaveLength(0);
  for (const name of caught) expect(name).toMatch(/^without-tuning/);
});
