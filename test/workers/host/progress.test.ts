import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { monotonic, ProgressFile, ProgressWriter } from '../../../src/workers/host/progress.js';

const files: ProgressFile[] = [];
afterEach(() => files.splice(0).forEach((file) => file.close()));

function make(): { file: ProgressFile; writer: ProgressWriter } {
  const file = new ProgressFile();
  files.push(file);
  return { file, writer: new ProgressWriter(file.fd) };
}

it('says nothing of any lease before it was written', () => {
  expect(make().file.read()).toEqual({ lease: 0, ended: 0, since: 0 });
});

it('gives what was noted last', () => {
  const { file, writer } = make();
  writer.note(1, 4_095, 1234.5);
  expect(file.read()).toEqual({ lease: 1, ended: 4_095, since: 1234.5 });
  writer.note(2, 0, 1235.25);
  expect(file.read()).toEqual({ lease: 2, ended: 0, since: 1235.25 });
});

it('keeps the last note when it is closed', () => {
  const { file, writer } = make();
  writer.note(3, 7, 1);
  file.close();
  file.close();
  expect(file.read()).toEqual({ lease: 3, ended: 7, since: 1 });
});

it('leaves no file behind', () => {
  const before = readdirSync(tmpdir());
  const { file } = make();
  const left = readdirSync(tmpdir()).filter((name) => /^temposlice-[0-9a-f-]{36}$/.test(name));
  expect(left.filter((name) => !before.includes(name))).toEqual([]);
  expect(existsSync(`/proc/self/fd/${file.fd}`) || process.platform !== 'linux').toBe(true);
});

it('counts time by a clock that only goes forward', () => {
  const before = monotonic();
  expect(monotonic()).toBeGreaterThanOrEqual(before);
  expect(Math.abs(monotonic() - Number(process.hrtime.bigint()) / 1e6)).toBeLessThan(1_000);
});
