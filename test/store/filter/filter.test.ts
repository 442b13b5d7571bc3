import { makeExecution, makeJob } from '../../support/executions.js';
import { SOURCES, type StoreSource } from '../../support/stores.js';
import type { FailedSlice, JobDocument, Store } from '../../../src/store/index.js';
import { listed } from '../../support/listed.js';

const at = (day: number) => `2024-05-0${day}T12:00:00.000Z`;

const JOBS: JobDocument[] = [
  makeJob({
    name: 'a',
    assets: ['standard:^1', 'other'],
    workers: 1,
    active: true,
    lifecycle: 'once',
    _created: at(1),
    _updated: at(1),
  }),
  makeJob({
    name: 'b',
    workers: 5,
    active: false,
    lifecycle: 'persistent',
    _created: at(2),
    _updated: at(5),
  }),
  makeJob({ name: 'c', workers: 10, lifecycle: 'once', _created: at(3), _updated: at(3), stateful: false }),
  makeJob({ name: 'Big-Load of Ärger (50%_x)', workers: undefined, lifecycle: undefined, _created: at(4) }),
];
const LOAD = 'Big-Load of Ärger (50%_x)';
const ALL = ['a', 'b', 'c', LOAD];

describe.each(SOURCES)('filters in %s', (_kind, makeSource) => {
  let source: StoreSource;
  let store: Store;

  beforeAll(async () => {
    source = await makeSource();
    store = await source.open();
    for (const job of JOBS) await store.jobs.insert(job);
  }, 60_000);

  afterAll(async () => {
    await store.close();
    await source.dispose();
  });

  const names = async (filter: string): Promise<unknown[]> =>
    (await listed(store.jobs.list({ filter, sort: '_created:asc' }))).map(({ name }) => name);

  it.each<[string, string[]]>([
    // Everything, and what is there.
    ['*', ALL],
    ['  ', ALL],
    ['*:*', ALL],
    ['job_id:*', ALL],
    ['active:*', ['a', 'b']],
    ['_exists_:active', ['a', 'b']],
    ['NOT _exists_:active', ['c', LOAD]],
    ['workers:[* TO *]', ['a', 'b', 'c']],
    // Terms, by type.
    ['lifecycle:once', ['a', 'c']],
    ['lifecycle:"once"', ['a', 'c']],
    ['lifecycle:Once', []],
    ['workers:5', ['b']],
    ['workers:"5.0"', ['b']],
    ['active:false', ['b']],
    ['-active:false', ['a', 'c', LOAD]],
    [`job_id:${JOBS[1]!.job_id}`, ['b']],
    // A job that does not say what it is: as it was posted.
    ['stateful:false', ['c']],
    // One of several texts.
    ['assets:other', ['a']],
    ['assets:"standard:^1"', ['a']],
    ['assets:"standard"', []],
    ['assets:standard*', ['a']],
    ['assets:*d*:?1', ['a']],
    ['NOT assets:other', ['b', 'c', LOAD]],
    ['_exists_:assets', ['a']],
    // The same for all.
    ['_context:job', ALL],
    ['_context:ex', []],
    // AND, OR, NOT in all their spellings; AND binds closer.
    ['lifecycle:once AND workers:>1', ['c']],
    ['lifecycle:once && workers:>1', ['c']],
    ['name:a OR name:b', ['a', 'b']],
    ['name:a || name:b', ['a', 'b']],
    ['name:a name:b', ['a', 'b']],
    ['name:a OR lifecycle:once AND workers:10', ['a', 'c']],
    ['lifecycle:once AND workers:10 OR name:a', ['a', 'c']],
    ['(name:a OR lifecycle:once) AND workers:10', ['c']],
    ['NOT lifecycle:once', ['b', LOAD]],
    ['!lifecycle:once', ['b', LOAD]],
    ['NOT NOT lifecycle:once', ['a', 'c']],
    ['lifecycle:once AND NOT workers:1', ['c']],
    ['lifecycle:once AND -workers:1', ['c']],
    ['NOT (name:a OR name:b)', ['c', LOAD]],
    ['name:a OR NOT lifecycle:once', ['a', 'b', LOAD]],
    // Clauses side by side: what must be, what must not, and what would be nice.
    ['+lifecycle:once -name:a', ['c']],
    ['+lifecycle:once name:b', ['a', 'c']],
    ['lifecycle:once name:b -name:a', ['b', 'c']],
    ['+lifecycle:once +workers:10', ['c']],
    ['-name:a -name:b', ['c', LOAD]],
    ['(name:a)(name:b)', ['a', 'b']],
    // Groups of one field.
    ['name:(a OR b)', ['a', 'b']],
    ['name:(a b)', ['a', 'b']],
    ['workers:(>=5 AND <10)', ['b']],
    ['lifecycle:(NOT once)', ['b', LOAD]],
    ['name:(+b -a)', ['b']],
    ['name:((a OR b) AND -a)', ['b']],
    ['name:*', ALL],
    // Words of a name: any of them, in either case; phrases in their order.
    ['name:load', [LOAD]],
    ['name:LOAD', [LOAD]],
    ['name:ärger', [LOAD]],
    ['name:rger', []],
    ['name:oad', []],
    ['name:"big load"', [LOAD]],
    ['name:"load big"', []],
    ['name:big\\ load', [LOAD]],
    ['name:no\\ load', [LOAD]],
    ['name:load-balancer', [LOAD]],
    ['name:"load-balancer"', []],
    ['name:(a-load AND b)', []],
    ['load-balancer', [LOAD]],
    ['name:50', [LOAD]],
    ['name:"50%"', [LOAD]],
    ['name:"()"', []],
    ['name:ÄRGER', [LOAD]],
    ['name:_X', [LOAD]],
    ['name:x', []],
    // Wildcards; LIKE's own are none.
    ['name:lo*', [LOAD]],
    ['name:l?ad', [LOAD]],
    ['name:*rger', [LOAD]],
    ['name:l?', []],
    ['name:Ä*', [LOAD]],
    ['name:\u00e4*R', [LOAD]],
    ['name:*ä?g*', [LOAD]],
    ['name:*-*', [LOAD]],
    ['name:?oad*', [LOAD]],
    ['name:o?d*', []],
    ['name:Big*x\\)', [LOAD]],
    ['lifecycle:o*e', ['a', 'c']],
    ['lifecycle:on?e', ['a', 'c']],
    ['lifecycle:o*', ['a', 'c']],
    ['lifecycle:*s*s*', ['b']],
    ['lifecycle:%', []],
    ['lifecycle:____', []],
    ['lifecycle:o\\*', []],
    ['lifecycle:"o*"', []],
    // Ranges.
    ['workers:[1 TO 5]', ['a', 'b']],
    ['workers:{1 TO 5]', ['b']],
    ['workers:[1 TO 5}', ['a']],
    ['workers:{1 TO 10}', ['b']],
    ['workers:[5 TO *]', ['b', 'c']],
    ['workers:[* TO 5}', ['a']],
    ['workers:>5', ['c']],
    ['workers:>=5', ['b', 'c']],
    ['workers:<5', ['a']],
    ['workers:<= 5', ['a', 'b']],
    ['workers:[-5 TO -1]', []],
    ['workers:-5', []],
    ['workers:1e1', ['c']],
    ['lifecycle:[a TO p}', ['a', 'c']],
    ['NOT workers:[1 TO 5]', ['c', LOAD]],
    // Dates: parts of them are spans.
    ['_created:2024-05-02', ['b']],
    // A month or a day that is left out is the first one.
    ['_created:2024-05', ['a']],
    ['_created:2024', []],
    ['_created:>2024', ALL],
    ['_created:<=2024', []],
    ['_created:>2024-05', ['b', 'c', LOAD]],
    ['_created:[2024 TO 2025]', ALL],
    ['_created:2024-05-01||/M', ALL],
    ['_created:2024-05||/M', ALL],
    ['_created:2024-05-01||+1d', []],
    ['_created:2024-05-01||+1d/d', ['b']],
    ['_created:<=2024-05-01||+1d', ['a']],
    ['_created:>2024-05-02', ['c', LOAD]],
    ['_created:>=2024-05-02', ['b', 'c', LOAD]],
    ['_created:<2024-05-02', ['a']],
    ['_created:<=2024-05-02', ['a', 'b']],
    ['_created:[2024-05-02 TO 2024-05-03]', ['b', 'c']],
    ['_created:{2024-05-02 TO 2024-05-03]', ['c']],
    [`_created:${at(2)}`, ['b']],
    [`_created:"${at(2)}"`, ['b']],
    ['_created:[2024-05-02T14:00:00+02:00 TO 2024-05-02T12:00:00Z]', ['b']],
    [`_created:${Date.parse(at(3))}`, ['c']],
    ['_created:[2024-05-01||+1d TO 2024-05-01||+2d/d]', ['b', 'c']],
    ['_created:>now-1d/d', []],
    ['_created:<now', ALL],
    // Without a field: wherever it fits.
    ['load', [LOAD]],
    ['once', ['a', 'c']],
    ['10', ['c']],
    ['"2024-05-05"', ['b']],
    ['on*', ['a', 'c']],
    // What does not matter.
    ['name:a^2 OR name:"b"^3.5', ['a', 'b']],
    [' \n name:a\tOR\r\nname:b ', ['a', 'b']],
    ["name:a'; drop table jobs;--", ['a']],
    ['lifecycle:"\\"once\\""', []],
    ['name:\0', []],
    ['name:\ud800 OR name:a', ['a']],
  ])('%s', async (filter, expected) => {
    await expect(names(filter)).resolves.toEqual(expected);
  });

  it.each<[string, number, RegExp]>([
    ['nme:x', 1, /unknown field "nme", must be one of: job_id, name, .*_deleted_on, assets, _context$/],
    ['name:a AND doc:x', 12, /unknown field "doc"/],
    ['constructor:x', 1, /unknown field/],
    ['_exists_:nme', 10, /unknown field "nme"/],
    ['_exists_:na*', 10, /needs the name of a field/],
    ['nme:(a OR b)', 1, /unknown field/],
    ['name:', 6, /expected .* but end of input found$/],
    ['(name:a', 8, /expected .*"\)"/],
    ['name:a)', 7, /but "\)" found/],
    ['name:"a', 6, /expected/],
    ['AND', 1, /expected/],
    ['name:a AND', 11, /expected/],
    ['name:a OR OR name:b', 11, /expected/],
    ['()', 2, /expected/],
    ['workers:[1 TO', 9, /expected/],
    ['workers:[1 5]', 9, /expected/],
    ['assets:>a', 8, /assets is a list of texts/],
    ['workers:x', 9, /workers is a number/],
    ['workers:1*', 9, /workers is a number/],
    ['workers:[a TO 3]', 9, /workers is a number/],
    ['workers:>', 9, /expected/],
    ['>=5', 1, /a range needs a field/],
    ['active:yes', 8, /active is a boolean/],
    ['active:[false TO true]', 8, /active is a boolean/],
    ['_created:yesterday', 10, /_created is a time/],
    ['_created:2024-02-30', 10, /_created is a time/],
    ['_created:now-1000000y', 10, /_created is a time/],
    ['_created:2024-05-01||+1x', 10, /_created is a time/],
    ['name:/a.*b/', 6, /regular expressions are not supported/],
    ['name:a~', 7, /fuzzy and proximity/],
    ['name:"a b"~2', 11, /fuzzy and proximity/],
    [`${'('.repeat(33)}a${')'.repeat(33)}`, 33, /nested more than 32/],
    ['x'.repeat(8_193), 8_193, /longer than 8192 characters/],
    [Array(501).fill('workers:1').join(' '), 5_009, /more than 500 comparisons/],
    [Array(41).fill('name:a?').join(' '), 326, /more than 40 searches/],
    [
      `name:(${Array.from({ length: 34 }, (_, n) => `j?b?${n}`).join(' OR ')})`,
      237,
      /more than 24 different words/,
    ],
    [`name:${'?'.repeat(300)}`, 6, /too long together/],
    [Array.from({ length: 5 }, (_, n) => `name:${'a'.repeat(240)}${n}`).join(' '), 994, /too long together/],
    ['lifecycle:*a*b*c*d*e*f*g*h*', 11, /more than 8 wildcards/],
    [Array(7).fill('lifecycle:*a*b*c*d*e*f*g*').join(' '), 167, /more than 48 wildcards/],
  ])('refuses %.40s', async (filter, character, message) => {
    const failure: unknown = await names(filter).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BAD_FILTER', status: 400, detail: { at: character } });
    expect((failure as Error).message).toMatch(message);
    expect((failure as Error).message).toContain(`cannot read the filter at character ${character} (`);
  });

  it('takes what its limits allow', async () => {
    await expect(names(`${'('.repeat(32)}name:a${')'.repeat(32)}`)).resolves.toEqual(['a']);
    await expect(names(`${'-'.repeat(4_000)}name:a`)).resolves.toEqual(['a']);
    await expect(names(Array(500).fill('workers:1').join(' OR '))).resolves.toEqual(['a']);
    await expect(
      names(
        Array(40)
          .fill(`name:"${'long words '.repeat(10)}"`)
          .join(' '),
      ),
    ).resolves.toEqual([]);
    await expect(names(Array(48).fill('name:*').join(' '))).resolves.toEqual(ALL);
    const words = Array.from({ length: 20 }, (_, n) => `j?b?${n}`).join(' OR ');
    await expect(names(`name:(${words}) OR name:(${words})`)).resolves.toEqual([]);
    await expect(names(`name:${'a'.repeat(1_000)}`)).resolves.toEqual([]);
    await expect(names(`name:${'?'.repeat(250)}`)).resolves.toEqual([]);
  });

  it.each<[string, string[]]>([
    ['name:(a OR b OR nobody)', ['a', 'b']],
    ['name:(a OR (b OR lo*))', ['a', 'b', LOAD]],
    ['NOT name:(a OR b)', ['c', LOAD]],
    ['(a OR b) AND name:(b OR c)', ['b']],
    ['name:(a OR (b AND c)) OR workers:10', ['a', 'c']],
    ['name:("big load" OR "load big")', [LOAD]],
    ['name:(Big-Load*x? OR nobody)', [LOAD]],
    ['nobody OR big OR a', ['a', LOAD]],
  ])('looks for several words at once: %s', async (filter, found) => {
    await expect(names(filter)).resolves.toEqual(found);
  });

  it('narrows what other parameters choose', async () => {
    const list = await listed(
      store.jobs.list({
        filter: 'workers:>=5',
        active: true,
        size: 1,
        sort: 'workers:desc',
      }),
    );
    expect(list.map(({ name }) => name)).toEqual(['c']);
  });

  it('filters executions', async () => {
    const failed = makeExecution({ name: 'x', _status: 'failed', _failureReason: 'TSError: out of luck' });
    await store.executions.insert(failed);
    await store.executions.insert(makeExecution({ name: 'y', _status: 'completed' }));
    const found = async (filter: string) =>
      (await listed(store.executions.list({ filter }))).map(({ name }) => name);
    await expect(found('_status:(failed OR stopped) AND _failureReason:luck')).resolves.toEqual(['x']);
    await expect(found(`ex_id:"${failed.ex_id}"`)).resolves.toEqual(['x']);
    await expect(found('_status:completed teraslice_version:v4')).resolves.toEqual(['y']);
    const asset = 'a'.repeat(40);
    await store.executions.insert(
      makeExecution({ name: 'z', assets: [asset], note: 'ill-formed \0 \ud83d' }),
    );
    await expect(found(`assets:${asset}`)).resolves.toEqual(['z']);
    await expect(found('_context:ex AND -_exists_:assets AND name:(x OR z)')).resolves.toEqual(['x']);
    await expect(found('slice_id:x')).rejects.toMatchObject({ code: 'BAD_FILTER' });
  });

  it('filters failed slices', async () => {
    const slice = (order: number, error: string): FailedSlice => ({
      ex_id: 'ex',
      slice_id: `slice-${order}`,
      slicer_id: 0,
      slicer_order: order,
      request: `{"index":${order},"path":"/data/in.ndjson"}`,
      state: 'error',
      error,
      _created: at(1),
      _updated: at(1),
    });
    const texts = [
      'Error: timed out\n    at slow',
      'Error: connection refused',
      'TypeError: x is not a function',
    ];
    await store.failures.write(texts.map((text, index) => slice(index, text)));
    const found = async (filter: string) =>
      (await listed(store.failures.list({ ex_id: 'ex', filter, sort: 'slicer_order:asc' }))).map(
        ({ slicer_order }) => slicer_order,
      );
    await expect(found('*')).resolves.toEqual([0, 1, 2]);
    await expect(found('state:error')).resolves.toEqual([0, 1, 2]);
    await expect(found('state:start')).resolves.toEqual([]);
    await expect(found('error:"timed out"')).resolves.toEqual([0]);
    await expect(found('error:(refused OR TypeError)')).resolves.toEqual([1, 2]);
    await expect(found('error:Error*')).resolves.toEqual([0, 1]);
    await expect(found('request:"in.ndjson" AND slicer_order:>0')).resolves.toEqual([1, 2]);
    await expect(found('slicer_order:1.5')).resolves.toEqual([]);
    await expect(found('slicer_order:1e300')).resolves.toEqual([]);
    await expect(found('slice_id:slice-?')).resolves.toEqual([0, 1, 2]);
    await expect(found('retry_count:1')).resolves.toEqual([]);
  });
});
