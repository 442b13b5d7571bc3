/** Exports to the directory given as argument a file that never ends; says so once some of it is written. */
import { join } from 'node:path';
import { partName } from '../../../../src/operations/builtin/file_exporter/part-files.js';
import { replaceFile } from '../../../../src/operations/builtin/file_exporter/replace-file.js';

const directory = process.argv[2]!;

function* endless(): Generator<string> {
  for (let id = 0; ; id += 1) {
    yield `{"id":${id}}\n`;
    if (id === 100) process.send!('writing');
  }
}

process.on('disconnect', () => process.exit());
await replaceFile(
  join(directory, 'slice.ldjson'),
  join(directory, partName('slice.ldjson', 1)),
  endless(),
  false,
);
