import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonic } from '../../../src/workers/host/monotonic.js';
import { ProgressFile, ProgressWriter } from '../../../src/workers/host/progress.js';

const directory = mkdtempSync(join(tmpdir(), 'temposlice-progress-'));
const files: ProgressFile[] = [];
afterEach(() => files.splice(0).forEach((file) => file.close()));
afterAll(() => rmSync(directory, { recursive: true }));

function make(): { file: ProgressFile; writer: ProgressWriter } {
  const file = new ProgressFile(directory);
  files.push(file);
  return { file, writer: new ProgressWriter(file.fd) };
}

it('says nothing of any lease before it was written', () => {
  expect(make().file.read()).toEqual({ lease: 0, ended: 0, failed: 0, since: 0 });
});

it('gives what was noted last', () => {
  const { file, writer } = make();
  for (const progress of [
    { lease: 1, ended: 4_095, failed: 3, since: 1234.5 },
    { lease: 2, ended: 0, failed: 0, since: 1235.25 },
  ]) {
    writer.note(progress);
    expect(file.read()).toEqual(progress);
  }
});

it('keeps the last note when it is closed', () => {
  const { file, writer } = make();
  const progress = { lease: 3, ended: 7, failed: 0, since: 1 };
  writer.note(progress);
  file.close();
  file.close();
  expect(file.read()).toEqual(progress);
});

it('leaves no file behind', () => {
  const { file } = make();
  expect(readdirSync(directory)).toEqual([]);
  expect(existsSync(`/proc/self/fd/${file.fd}`) || process.platform !== 'linux').toBe(true);
});

it('counts time by a clock that only goes forward', () => {
  const before = monotonic();
  expect(monotonic()).toBeGreaterThanOrEqual(before);
  expect(Math.abs(monotonic() - Number(process.hrtime.bigint()) / 1e6)).toBeLessThan(1_000);
});
