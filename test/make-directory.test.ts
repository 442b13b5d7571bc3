import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../src/make-directory.js';
import { Directories } from './operations/support/directories.js';

const directories = new Directories();
afterAll(() => directories.clean());

it('makes a folder with those above it, and leaves one that is there', () => {
  const path = join(directories.make(), 'a', 'b', 'c');
  makeDirectory(path);
  makeDirectory(path);
  expect(existsSync(path)).toBe(true);
});

it('says what is in its way', () => {
  const file = join(directories.make(), 'file');
  writeFileSync(file, '');
  expect(() => makeDirectory(file)).toThrow('EEXIST');
  expect(() => makeDirectory(join(file, 'below'))).toThrow('ENOTDIR');
});

it('does not try for ever where nothing can be made', () => {
  expect(() => makeDirectory('/proc/nothing/here')).toThrow(
    "ENOENT: no such file or directory, mkdir '/proc/nothing'",
  );
});
