import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { DataEntity } from '@terascope/job-components';
import type { Slice, WorkerExecutionContext } from '@terascope/job-components';
import { Directories } from '../support/directories.js';
import { createWorker, readAll, runSlice, validate } from './support/harness.js';

const directories = new Directories();
const workers: WorkerExecutionContext[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(workers.splice(0).map((worker) => worker.shutdown()));
});
afterAll(() => directories.clean());

const exporter = (
  path: string,
  options: Record<string, unknown> = {},
): { _op: string } & Record<string, unknown> => ({
  _op: 'file_exporter',
  path,
  ...options,
});
const jobOf = (...processors: { _op: string }[]) => ({
  operations: [{ _op: 'test-reader', passthrough_slice: true }, ...processors],
});

async function start(path: string, options: Record<string, unknown> = {}): Promise<WorkerExecutionContext> {
  const worker = await createWorker(jobOf(exporter(path, options)));
  workers.push(worker);
  return worker;
}

const sliceOf = (id: string, records: unknown[]): Slice =>
  ({ slice_id: id, slicer_id: 0, slicer_order: 1, request: records, _created: '' }) as unknown as Slice;

const filesIn = (path: string): string[] => readdirSync(path).sort();
const contentsOf = (path: string): Record<string, string> =>
  Object.fromEntries(filesIn(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]));

describe('formats', () => {
  const RECORDS = [
    { id: 1, name: 'a, "b"', nested: { x: [1] }, ok: false },
    { id: 2, name: 'two\nlines', extra: 'ä' },
  ];

  it.each([
    [
      { format: 'ldjson' },
      '{"id":1,"name":"a, \\"b\\"","nested":{"x":[1]},"ok":false}\n{"id":2,"name":"two\\nlines","extra":"ä"}\n',
    ],
    [
      { format: 'ldjson', fields: ['name', 'none', 'id'] },
      '{"name":"a, \\"b\\"","id":1}\n{"name":"two\\nlines","id":2}\n',
    ],
    [
      { format: 'csv', include_header: true },
      'id,name,nested,ok,extra\n1,"a, ""b""","{""x"":[1]}",false,\n2,"two\nlines",,,ä\n',
    ],
    [{ format: 'csv', fields: ['extra', 'id'], field_delimiter: ';' }, ';1\nä;2\n'],
    [{ format: 'tsv', fields: ['id', 'ok'] }, '1\tfalse\n2\t\n'],
    [{ format: 'csv', fields: ['extra'] }, '""\nä\n'],
  ])('writes %j, and passes the records on', async (options, expected) => {
    const path = directories.make();
    expect(await runSlice(await start(path, options), sliceOf('s', RECORDS))).toEqual(RECORDS);
    expect(contentsOf(path)).toEqual({ [`s.${options.format}`]: expected });
  });

  it('writes gzip, and with another extension', async () => {
    const path = directories.make();
    await runSlice(await start(path, { compression: 'gzip' }), sliceOf('s', RECORDS));
    await runSlice(await start(path, { extension: '_done.json' }), sliceOf('s', RECORDS));
    expect(filesIn(path)).toEqual(['s.ldjson.gz', 's_done.json']);
    expect(gunzipSync(readFileSync(join(path, 's.ldjson.gz')))).toEqual(
      readFileSync(join(path, 's_done.json')),
    );
  });

  it.each(['ldjson', 'csv', 'tsv'])('writes what file_reader reads, in many batches: %s', async (format) => {
    const texts = [
      'plain',
      'a,b\tc',
      '"',
      '""',
      'two\r\nlines',
      'cr\ralone',
      'ends\r',
      '漢字',
      ' padded ',
      'null',
    ];
    const records = Array.from({ length: 2500 }, (_, id) => ({
      id: `${id}`,
      text: texts[id % texts.length],
    }));
    const path = directories.make();
    await runSlice(await start(path, { format, include_header: true }), sliceOf('s', records));
    expect(await readAll({ operations: [{ _op: 'file_reader', path, format }] })).toEqual([records]);
  });
});

describe('once for each slice', () => {
  it('replaces the output of a slice that runs again, and leaves others alone', async () => {
    const path = directories.make();
    const worker = await start(path);
    await runSlice(worker, sliceOf('a', [{ id: 1 }, { id: 2 }]));
    await runSlice(worker, sliceOf('b', [{ id: 3 }]));
    await runSlice(worker, sliceOf('a', [{ id: 1 }]));
    await runSlice(await start(path), sliceOf('b', [{ id: 4 }]));
    expect(contentsOf(path)).toEqual({ 'a.ldjson': '{"id":1}\n', 'b.ldjson': '{"id":4}\n' });
  });

  it('writes nothing for an empty slice, and removes what it wrote before', async () => {
    const path = directories.make();
    const worker = await start(path);
    await runSlice(worker, sliceOf('a', []));
    expect(filesIn(path)).toEqual([]);
    await runSlice(worker, sliceOf('a', [{ id: 1 }]));
    await runSlice(worker, sliceOf('a', []));
    expect(filesIn(path)).toEqual([]);
  });

  it('keeps the slice before when a flush is empty, and gives what a flush holds a file of its own', async () => {
    const path = directories.make();
    for (const held of [[], [{ id: 3 }]]) {
      const worker = await createWorker(jobOf({ _op: 'noop' }, exporter(path)));
      workers.push(worker);
      await runSlice(worker, sliceOf('a', [{ id: 1 }]));
      await runSlice(worker, sliceOf('b', [{ id: 2 }]));
      // an operation with state, as it looks to the next one: it gives what it held when it is flushed
      Object.assign(worker.getOperation('noop'), { handle: async () => DataEntity.makeArray(held) });
      await worker.flush();
    }
    const { 'a.ldjson': a, 'b.ldjson': b, ...others } = contentsOf(path);
    expect([a, b]).toEqual(['{"id":1}\n', '{"id":2}\n']);
    expect(Object.values(others)).toEqual(['{"id":3}\n']);
    expect(Object.keys(others)[0]).toMatch(/^flush-.*\.ldjson$/);
  });

  it('takes any slice id for a name in its own directory', async () => {
    const path = join(directories.make(), 'made', 'here');
    const worker = await start(path);
    const ids = ['../up', '.hidden', 'a/b', 'x'.repeat(500), `${'x'.repeat(499)}y`];
    for (const id of ids) await runSlice(worker, sliceOf(id, [{ id: 1 }]));
    const names = filesIn(path);
    expect(names).toHaveLength(ids.length);
    expect(names.filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('failures', () => {
  it('leaves the former output, and nothing else, when a record cannot be written', async () => {
    const path = directories.make();
    const worker = await start(path);
    await runSlice(worker, sliceOf('a', [{ id: 1 }]));
    const records = [{ id: 2 }, { id: 3, big: 1n }];
    await expect(runSlice(worker, sliceOf('a', records))).rejects.toThrow(/BigInt/);
    const zipping = await start(path, { compression: 'gzip' });
    await expect(runSlice(zipping, sliceOf('a', records))).rejects.toThrow(/BigInt/);
    expect(contentsOf(path)).toEqual({ 'a.ldjson': '{"id":1}\n' });

    await runSlice(await start(path, { _dead_letter_action: 'none' }), sliceOf('a', records));
    expect(contentsOf(path)).toEqual({ 'a.ldjson': '{"id":2}\n' });
  });

  it('leaves no output when it is killed while it writes, and clears up after that', async () => {
    const path = directories.make();
    const child = fork(fileURLToPath(new URL('support/endless-export.ts', import.meta.url)), [path], {
      execArgv: ['--import', new URL('../../support/typescript.mjs', import.meta.url).href],
    });
    children.push(child);
    await once(child, 'message');
    const isPart = (name: string): boolean => name.startsWith('.') && name.endsWith('.part');
    expect(filesIn(path).filter(isPart)).toHaveLength(1);
    expect(filesIn(path).filter((name) => !isPart(name))).toEqual([]);

    const foreign = '.slice.ldjson.1.0123456789ab-9999999-1.part';
    writeFileSync(join(path, foreign), 'of another machine');
    await start(path);
    expect(filesIn(path)).toHaveLength(2);

    child.kill('SIGKILL');
    await once(child, 'exit');
    await start(path);
    expect(filesIn(path)).toEqual([foreign]);
  });

  it('fails when its directory is gone, and leaves nothing', async () => {
    const path = join(directories.make(), 'output');
    const worker = await start(path);
    directories.clean();
    await expect(runSlice(worker, sliceOf('a', [{ id: 1 }]))).rejects.toThrow(/ENOENT/);
    expect(existsSync(path)).toBe(false);
  });
});

describe('validation', () => {
  const validated = (options: Record<string, unknown>) => validate(jobOf(exporter('/data/out', options)));

  it.each([
    [{ path: '' }, /path: is required and must be a string/],
    [{ format: 'json' }, /format: must be one of "ldjson", "csv", "tsv"/],
    [{ compression: 'lz4' }, /compression: must be one of "none", "gzip"/],
    [{ extension: '/../x' }, /extension: must be made of letters/],
    [{ file_per_slice: false }, /file_per_slice: must be true: a file that several slices add to/],
  ])('refuses %j', async (options, message) => {
    await expect(validated(options)).rejects.toThrow(message);
  });

  it('refuses two exporters with the same files, but not with different ones', async () => {
    const [a, b] = [exporter('/data/out'), exporter('/data/out/')];
    await expect(validate(jobOf(a, b))).rejects.toThrow(/would replace each other's output/);
    await validate(jobOf(a, exporter('/data/out', { format: 'csv' })));
  });

  it.each(['/data/out', '/data/out/', '/data/out/deeper/still'])(
    'refuses to write where the reader reads: %s',
    async (path) => {
      const reader = { _op: 'file_reader', path: '/data/out' };
      await expect(validate({ operations: [reader, exporter(path)] })).rejects.toThrow(
        /would write into .*, which file_reader reads/,
      );
    },
  );

  it.each([
    ['/data/**/*.ldjson', '/data/out/deeper', true],
    ['/data/*/*-*.ldjson', '/data/out', true],
    ['/data/{in,out}/*', '/data/out', true],
    ['/data/**/*.csv', '/data/out', false],
    ['/data/*.ldjson', '/data/out', false],
    ['/data/**', '/data/.out', false],
  ])('of the reader of %s and an exporter to %s: refused %s', async (input, output, refused) => {
    const job = { operations: [{ _op: 'file_reader', path: input }, exporter(output)] };
    const found = await validate(job).then(
      () => false,
      (error: Error) => error.message.includes('which file_reader reads'),
    );
    expect(found).toBe(refused);
  });

  it.each(['/data', '/data/output', '/data/out/.hidden/x', '/data/out/../in'])(
    'writes where the reader does not read: %s',
    async (path) => {
      const reader = { _op: 'file_reader', path: '/data/out' };
      await validate({ operations: [reader, exporter(path)] });
    },
  );
});
