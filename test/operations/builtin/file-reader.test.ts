import { appendFileSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Slice } from '@terascope/job-components';
import type { FileSlice } from '../../../src/operations/builtin/file_reader/interfaces.js';
import { Directories, writeTree } from '../support/directories.js';
import { createSlicer, createWorker, readAll, runSlice, slicesOf, validate } from './support/harness.js';

const directories = new Directories();
afterAll(() => directories.clean());

const job = (path: string, options: Record<string, unknown> = {}, slicers = 1) => ({
  slicers,
  operations: [{ _op: 'file_reader', path, ...options }],
});

function write(name: string, contents: string | Buffer): string {
  const path = join(directories.make(), name);
  writeFileSync(path, contents);
  return path;
}

const requestsOf = (slices: Slice[]): FileSlice[] => slices.map(({ request }) => request as FileSlice);

/** Lengths, characters and line ends that make every kind of cut happen when a file is cut at every size. */
const RECORDS = [
  { id: 0 },
  { id: 1, text: 'zwölf Boxkämpfer' },
  { id: 2, text: '漢字かな交じり文' },
  { id: 3, text: 'x'.repeat(150) },
  { id: 4, text: '👩‍👩‍👧‍👦' },
  { id: 5, text: 'a "quoted", text' },
  { id: 6, text: '' },
];
const lines = (end: string): string => RECORDS.map((record) => `${JSON.stringify(record)}${end}`).join('');

describe('newline-delimited JSON', () => {
  it.each([
    ['line feeds', lines('\n')],
    ['CRLF', lines('\r\n')],
    ['no line feed at the end', lines('\n').slice(0, -1)],
    ['blank lines', `\n\n${lines('\n\n \r\n\n')}\n`],
    ['a byte order mark', `\uFEFF${lines('\n')}`],
  ])('gives each record once, however it is cut: %s', async (_name, text) => {
    const path = write('input.ldjson', text);
    const total = Buffer.byteLength(text);
    for (let size = 1; size <= total + 1; size += size < 10 ? 1 : 17) {
      const config = job(path, { size });
      const slices = await slicesOf(config);
      expect(slices).toHaveLength(Math.ceil(total / size));
      const worker = await createWorker(config);
      const records = [];
      for (const slice of slices) records.push(...(await runSlice(worker, slice)));
      expect(records).toEqual(RECORDS);
    }
  });

  it('reads records that span many blocks', async () => {
    const records = [{ id: 0, text: 'ä'.repeat(1_500_000) }, { id: 1 }];
    const path = write('input.ldjson', records.map((record) => JSON.stringify(record)).join('\n'));
    const found = await readAll(job(path, { size: 100_000 }));
    expect(found.flat()).toEqual(records);
    expect(found[0]).toHaveLength(1);
  });

  it('reads gzip, also of several members, as one slice', async () => {
    const parts = [lines('\n').slice(0, 50), lines('\n').slice(50)];
    const path = write('input.ldjson.gz', Buffer.concat(parts.map((part) => gzipSync(part))));
    expect(await readAll(job(path, { size: 10 }))).toEqual([RECORDS]);
  });

  it('reads gzip without the extension when told so', async () => {
    const path = write('input', gzipSync(lines('\n')));
    expect(await readAll(job(path, { compression: 'gzip' }))).toEqual([RECORDS]);
  });

  it('cuts no file with file_per_slice', async () => {
    expect(await readAll(job(write('a.ldjson', lines('\n')), { size: 10, file_per_slice: true }))).toEqual([
      RECORDS,
    ]);
  });
});

describe('CSV and TSV', () => {
  const ROWS = [
    { id: '1', name: 'Zürich', note: 'plain' },
    { id: '2', name: 'a, b', note: 'say "hi"' },
    { id: '3', name: '漢字' },
  ];
  const csv = (end: string): string =>
    ['id,name,note', '1,Zürich,plain', '2,"a, b","say ""hi"""', '3,漢字,'].join(end);

  it.each([
    ['line feeds', `${csv('\n')}\n`],
    ['CRLF', `${csv('\r\n')}\r\n`],
    ['no line feed at the end', csv('\n')],
    ['blank lines before the header', `\n\n\n\n${csv('\n\n')}`],
    ['a byte order mark', `\uFEFF${csv('\n')}`],
  ])('gives each record once, however it is cut: %s', async (_name, text) => {
    const path = write('input.csv', text);
    for (let size = 1; size <= Buffer.byteLength(text) + 1; size += size < 10 ? 1 : 5) {
      const records = await readAll(job(path, { format: 'csv', size, quoted_newlines: false }));
      expect(records.flat()).toEqual(ROWS);
    }
  });

  it('reads quoted line breaks, and does not cut such files', async () => {
    const text = 'id,text\r\n1,"one\r\ntwo"\r\n2,"a ""quote""\n\n"\n3,5" disk\n';
    const path = write('input.csv', text);
    expect(await readAll(job(path, { format: 'csv', size: 5, _dead_letter_action: 'none' }))).toEqual([
      [
        { id: '1', text: 'one\r\ntwo' },
        { id: '2', text: 'a "quote"\n\n' },
      ],
    ]);
  });

  it('finds quotes and their ends on both sides of a block boundary', async () => {
    const block = 1024 * 1024;
    for (let shift = -3; shift <= 3; shift += 1) {
      const head = `id,text\n1,"${'x'.repeat(block - 11 + shift)}`;
      const path = write('input.csv', `${head}"",\n"\n2,"y\ny"\n`);
      const records = (await readAll(job(path, { format: 'csv' }))).flat();
      expect(records.map(({ text }) => (text as string).slice(-3))).toEqual(['",\n', 'y\ny']);
    }
  });

  it('reads TSV, gzip, other delimiters, and given fields', async () => {
    const tsv = write('a.tsv', 'id\tname\n1\ta,b\n');
    expect(await readAll(job(tsv, { format: 'tsv' }))).toEqual([[{ id: '1', name: 'a,b' }]]);

    const zipped = write('a.csv.gz', gzipSync('id;name\n1;x\n'));
    expect(await readAll(job(zipped, { format: 'csv', field_delimiter: ';' }))).toEqual([
      [{ id: '1', name: 'x' }],
    ]);

    const given = { format: 'csv', fields: ['id', 'name'], ignore_empty: false };
    const bare = write('b.csv', '1,x\n2,\n');
    const records = [
      { id: '1', name: 'x' },
      { id: '2', name: '' },
    ];
    expect(await readAll(job(bare, given))).toEqual([records]);
    const headed = write('c.csv', 'id,name\n1,x\n2,\n');
    expect(await readAll(job(headed, given))).toEqual([records]);
    expect(await readAll(job(headed, { ...given, remove_header: false }))).toEqual([
      [{ id: 'id', name: 'name' }, ...records],
    ]);
  });

  it('refuses a header that names a field twice', async () => {
    const path = write('a.csv', 'id,id\n1,2\n');
    await expect(readAll(job(path, { format: 'csv', _dead_letter_action: 'none' }))).rejects.toThrow(
      /a\.csv at byte 0.*the header names the field "id" twice/s,
    );
  });
});

describe('malformed input', () => {
  const good = '{"id":1}\n';

  it.each([
    ['broken JSON', Buffer.from('{"id":\n'), /JSON/],
    ['no object', Buffer.from('[1]\n'), /no JSON object/],
    ['invalid UTF-8', Buffer.from('7b226964223a22ff227d0a', 'hex'), /UTF-8/],
    ['a field named like a method of records', Buffer.from('{"getMetadata":1}\n'), /read only/],
  ])('fails the slice, with file and byte offset: %s', async (_name, bad, reason) => {
    const path = write('input.ldjson', Buffer.concat([Buffer.from(good), bad, Buffer.from(good)]));
    const failure = readAll(job(path));
    await expect(failure).rejects.toThrow(`${path} at byte ${good.length}`);
    await expect(failure).rejects.toThrow(reason);
    expect(await readAll(job(path, { _dead_letter_action: 'none' }))).toEqual([[{ id: 1 }, { id: 1 }]]);
  });

  it('takes the good lines among many that are not, in their order, each with its offset', async () => {
    const texts = Array.from({ length: 30_000 }, (_, id) =>
      id % 3 === 0
        ? `{"id":${id},`
        : id % 3 === 1
          ? ` \t\r`
          : `{"id":${id},"text":"${'ü'.repeat(id % 50)}"}\r`,
    );
    const path = write('input.ldjson', `\uFEFF${texts.join('\n')}`);
    const found = (await readAll(job(path, { size: 700_000, _dead_letter_action: 'none' }))).flat();
    expect(found.map(({ id }) => id)).toEqual(texts.map((_, id) => id).filter((id) => id % 3 === 2));

    const worker = await createWorker(job(path));
    const [, second] = await slicesOf(job(path, { size: 700_000 }));
    const error = await runSlice(worker, second!).then(
      () => new Error('it did not fail'),
      (failure: Error) => failure,
    );
    const at = Number(/at byte (\d+)/.exec(error.message)?.[1]);
    expect(
      readFileSync(path)
        .subarray(at, at + 6)
        .toString(),
    ).toBe('{"id":');
  });

  it.each([
    ['too few fields', '2\n', /expected 2 fields, found 1/],
    ['a stray quote', '2,"x"y\n', /quote/i],
  ])('names the byte offset in CSV too: %s', async (_name, bad, reason) => {
    const path = write('input.csv', `id,name\n1,a\n${bad}3,c\n`);
    for (const quoted of [true, false]) {
      const options = { format: 'csv', quoted_newlines: quoted };
      const failure = readAll(job(path, options));
      await expect(failure).rejects.toThrow(`${path} at byte 12`);
      await expect(failure).rejects.toThrow(reason);
      expect(await readAll(job(path, { ...options, _dead_letter_action: 'none' }))).toEqual([
        [
          { id: '1', name: 'a' },
          { id: '3', name: 'c' },
        ],
      ]);
    }
  });

  it('rejects an open quote alone where there are no quoted line breaks', async () => {
    const path = write('input.csv', 'id,name\n1,"a\n2,b\n3,"c\n4,d\n');
    const together = write('input.csv', 'id,name\n1,"a\nb"\n2,c\n');
    const options = { format: 'csv', quoted_newlines: false, _dead_letter_action: 'none' };
    expect((await readAll(job(path, options))).flat()).toEqual([
      { id: '2', name: 'b' },
      { id: '4', name: 'd' },
    ]);
    expect((await readAll(job(together, options))).flat()).toEqual([{ id: '2', name: 'c' }]);
  });

  it('fails on corrupt gzip, and on a file that became shorter', async () => {
    const zipped = write('a.ldjson.gz', gzipSync(lines('\n')).subarray(0, 60));
    await expect(readAll(job(zipped))).rejects.toThrow(/cannot read .*a\.ldjson\.gz.*unexpected end/s);

    const path = write('a.ldjson', lines('\n'));
    const [slice] = await slicesOf(job(path));
    writeFileSync(path, good);
    await expect(runSlice(await createWorker(job(path)), slice!)).rejects.toThrow(/ends at byte 9/);
  });
});

describe('which files', () => {
  function tree(): string {
    const root = directories.make();
    const files = ['b.ldjson', 'a.ldjson', 'sub/c.ldjson', 'sub/d.txt', '.hidden.ldjson', '.dir/e.ldjson'];
    writeTree(root, Object.fromEntries(files.map((name) => [name, `${JSON.stringify({ name })}\n`])));
    writeFileSync(join(root, 'empty.ldjson'), '');
    return root;
  }
  const names = (records: Record<string, unknown>[][]): unknown[] => records.flat().map(({ name }) => name);

  it('reads a directory with all below it, sorted, without hidden and empty files', async () => {
    expect(names(await readAll(job(tree())))).toEqual(['a.ldjson', 'b.ldjson', 'sub/c.ldjson', 'sub/d.txt']);
  });

  it('reads a file once that symbolic links lead to', async () => {
    const root = tree();
    const elsewhere = write('z.ldjson', '{"name":"z"}\n');
    symlinkSync(root, join(root, 'sub', 'loop'));
    symlinkSync(join(root, 'b.ldjson'), join(root, '0.ldjson'));
    symlinkSync(elsewhere, join(root, 'z.ldjson'));
    expect(names(await readAll(job(root))).sort()).toEqual([
      'a.ldjson',
      'b.ldjson',
      'sub/c.ldjson',
      'sub/d.txt',
      'z',
    ]);
  });

  it('reads what a glob matches', async () => {
    expect(names(await readAll(job(join(tree(), '**/*.ldjson'))))).toEqual([
      'a.ldjson',
      'b.ldjson',
      'sub/c.ldjson',
    ]);
  });

  it('reads a hidden file that is named, and a name that looks like a glob', async () => {
    expect(names(await readAll(job(join(tree(), '.hidden.ldjson'))))).toEqual(['.hidden.ldjson']);
    expect(await readAll(job(write('[1].ldjson', '{"id":1}\n')))).toEqual([[{ id: 1 }]]);
  });

  it('says so when there is nothing to read', async () => {
    const root = directories.make();
    await expect(slicesOf(job(join(root, 'missing.csv')))).rejects.toThrow(/missing\.csv does not exist/);
    await expect(slicesOf(job(join(root, '*.csv')))).rejects.toThrow(/no files match .*\*\.csv/);
    await expect(slicesOf(job(root))).rejects.toThrow(/there are no files in/);
  });

  it('gives no slices for empty files', async () => {
    expect(await slicesOf(job(write('empty.csv', ''), { format: 'csv' }))).toEqual([]);
  });
});

describe('recovery', () => {
  function files(): string {
    const root = directories.make();
    for (let index = 0; index < 12; index += 1) {
      writeFileSync(
        join(root, `${String.fromCharCode(97 + index)}.ldjson`),
        lines('\n').slice(0, 40 + index * 30),
      );
    }
    return root;
  }

  it.each([1, 3])('goes on at every slice of %i slicers with exactly what is left', async (slicers) => {
    const config = job(files(), { size: 64 }, slicers);
    const all = await slicesOf(config);
    expect((await createSlicer(config)).slicer().isRecoverable()).toBe(true);
    expect(new Set(all.map(({ slicer_id }) => slicer_id)).size).toBe(slicers);
    for (let cut = 0; cut <= all.length; cut += 1) {
      const given = all.slice(0, cut);
      const recovery = Array.from({ length: slicers }, (_, id) => ({
        slicer_id: id,
        lastSlice: given.findLast(({ slicer_id }) => slicer_id === id)?.request,
      }));
      const rest = await slicesOf(config, recovery as never);
      const sorted = (slices: Slice[]) =>
        requestsOf(slices)
          .map((slice) => JSON.stringify(slice))
          .sort();
      expect(sorted(rest)).toEqual(sorted(all.slice(cut)));
    }
  });

  it('is not confused by files that came, went or grew', async () => {
    const root = files();
    const config = job(root, { size: 64 });
    const all = requestsOf(await slicesOf(config));
    const lastSlice = all.find(({ path }) => path.endsWith('f.ldjson'))!;
    const expected = all.slice(all.indexOf(lastSlice) + 1);
    expect(expected[0]!.path).toBe(lastSlice.path);

    writeFileSync(join(root, 'aa.ldjson'), lines('\n'));
    rmSync(join(root, 'b.ldjson'));
    appendFileSync(lastSlice.path, lines('\n'));
    expect(requestsOf(await slicesOf(config, [{ slicer_id: 0, lastSlice }]))).toEqual(expected);
  });

  it('refuses to go on with another number of slicers', async () => {
    const root = files();
    const all = await slicesOf(job(root, { size: 64 }, 3));
    const recovery = [0, 1, 2].map((id) => ({
      slicer_id: id,
      // Who gets which file depends on its path, which is another one each time: one may have got none.
      lastSlice: all.findLast(({ slicer_id }) => slicer_id === id)?.request,
    }));
    await expect(slicesOf(job(root, { size: 64 }, 1), recovery)).rejects.toThrow(
      /cannot go on with 1 slicers/,
    );
  });
});

describe('validation', () => {
  it.each([
    [{ path: undefined }, /path: is required and must be a string/],
    [{ format: 'xml' }, /format: must be one of "ldjson", "csv", "tsv"/],
    [{ size: 0 }, /size: must be a positive integer/],
    [{ compression: 'lz4' }, /compression: must be one of "auto", "none", "gzip"/],
    [{ fields: ['a', 'a'] }, /fields: must not name a field twice/],
    [{ field_delimiter: '||' }, /field_delimiter: must be a single ASCII character/],
    [{ line_delimiter: '|' }, /line_delimiter: must be one of/],
  ])('refuses %j', async (options, message) => {
    await expect(validate(job('/data', options as never))).rejects.toThrow(message);
  });

  it('refuses lifecycle persistent', async () => {
    await expect(validate({ ...job('/data'), lifecycle: 'persistent' })).rejects.toThrow(
      /lifecycle must be "once"/,
    );
  });
});

it('leaves no file open when it stops reading before the end', async () => {
  const config = job(write('a.csv', `id\n${'1\n'.repeat(500_000)}`), {
    format: 'csv',
    size: 10,
    quoted_newlines: false,
  });
  const worker = await createWorker(config);
  const slices = await slicesOf(config, [], 300);
  const openFiles = (): number => readdirSync('/dev/fd').length;
  const before = openFiles();
  for (const slice of slices) await runSlice(worker, slice);
  expect(openFiles()).toBeLessThan(before + slices.length / 2);
});
