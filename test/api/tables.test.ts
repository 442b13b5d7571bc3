import { renderTable } from '../../src/api/http/table.js';
import { job, TestApi } from './support/api.js';

const rule = (...widths: number[]): string => widths.map((width) => '-'.repeat(width)).join('  ');

describe('a table', () => {
  const rows = [
    { name: 'a', n: 10, deep: { er: { x: null } }, list: [1, [2, null]], 'dotted.name': true },
    { name: '日本語', deep: { er: 1 } },
  ];
  const render = async (columns: string[], headers = true): Promise<string[]> =>
    (await renderTable([rows], columns, { headers, missing: 'N/A' })).split('\n');

  it('is as wide as its cells, and ends each line as wide', async () => {
    expect(await render(['name', 'n'])).toEqual([
      'name    n  ',
      '------  ---',
      'a       10 ',
      '日本語  N/A',
      '',
    ]);
  });

  it('is a line for each row, whatever lines a text has', async () => {
    const reasons = [{ reason: 'Error: no\n    at here\n    at there' }];
    expect(await renderTable([reasons], ['reason'], { headers: false, missing: '' })).toBe(
      'Error: no at here at there\n',
    );
  });

  it('needs no header', async () => {
    expect(await render(['n', 'name'], false)).toEqual(['10   a     ', 'N/A  日本語', '']);
  });

  it('finds nested fields, and prints what is no text', async () => {
    expect(await render(['deep.er.x', 'deep.er', 'list', 'dotted.name', 'deep.er.x.y'], false)).toEqual([
      'null  [object Object]  1,2,  true  N/A',
      'N/A   1                N/A   N/A   N/A',
      '',
    ]);
    expect(await render(['list[0]', 'list.0', 'list[9]', 'deep[er][x]'], false)).toEqual([
      '1    1    N/A  null',
      'N/A  N/A  N/A  N/A ',
      '',
    ]);
  });

  it.each(['constructor', '__proto__', 'name.length', '__proto__.x', ''])(
    'has no field %s',
    async (column) => {
      expect(await render([column], false)).toEqual(['N/A', 'N/A', '']);
    },
  );

  it('cuts what would make all of its lines as long', async () => {
    const rows = [{ name: 'x'.repeat(10_000_000) }, ...Array.from({ length: 99 }, () => ({ name: 'y' }))];
    const text = await renderTable([rows], ['name'], { headers: true, missing: '' });
    expect(text.split('\n')[2]).toBe(`${'x'.repeat(999)}…`);
    expect(text.length).toBe(102 * 1_001);
  });

  it('lets others get their turn while it is made', async () => {
    const wide = Array.from({ length: 3_000 }, () => ({ name: 'x'.repeat(1_500) }));
    let turns = 0;
    let next: NodeJS.Immediate;
    const count = (): void => {
      turns += 1;
      next = setImmediate(count);
    };
    count();
    await renderTable([wide], ['name'], { headers: true, missing: '' });
    clearImmediate(next!);
    expect(turns).toBeGreaterThan(200);
  });

  it('has a blank line if it has none', async () => {
    const blank = { missing: 'N/A', headers: true };
    expect(await renderTable([], ['ab', 'c'], blank)).toBe('ab  c\n--  -\n     \n');
    expect(await renderTable([], ['ab', 'c'], { ...blank, headers: false })).toBe('  \n');
  });
});

describe('/txt', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await TestApi.start();
  });
  afterAll(() => api.close());

  const lines = async (path: string): Promise<string[]> => {
    const { status, text, headers } = await api.get(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    // No page of ours: a name in it may be a script.
    expect(headers['content-security-policy']).toBe("default-src 'none'; sandbox");
    expect(text.endsWith('\n')).toBe(true);
    return text.slice(0, -1).split('\n');
  };

  it.each([
    ['/txt/jobs', ['job_id', 'name', 'active', 'lifecycle', 'slicers', 'workers', '_created', '_updated']],
    [
      '/txt/ex',
      ['name', 'lifecycle', 'slicers', 'workers', '_status', 'ex_id', 'job_id', '_created', '_updated'],
    ],
    [
      '/txt/controllers',
      ['name', 'job_id', 'workers_available', 'workers_active', 'failed', 'queued', 'processed'],
    ],
  ])('%s has its columns, also with nothing in it', async (path, columns) => {
    const [header, dashes, blank, ...rest] = await lines(path);
    expect(header).toBe(columns.join('  '));
    expect(dashes).toBe(rule(...columns.map((column) => column.length)));
    expect(blank).toBe(' '.repeat(header!.length));
    expect(rest).toEqual([]);
  });

  it('has at most 100 columns', async () => {
    const fields = (count: number) => Array.from({ length: count }, (_, n) => `f${n}`).join();
    expect((await api.get(`/txt/jobs?fields=${fields(100)}`)).status).toBe(200);
    const { status, body } = await api.get(`/txt/jobs?fields=${fields(101)}`);
    expect([status, body.message]).toEqual([
      400,
      expect.stringContaining('must be a list of at most 100 fields'),
    ]);
  });

  it('shows jobs as the list does', async () => {
    const { job_id } = await api.submit(job({ name: 'shown', workers: 12, slicers: undefined }));
    const { _created, _updated } = (await api.get(`/v1/jobs/${job_id}`)).body;
    const header = `job_id${' '.repeat(30)}  name   active  lifecycle  slicers  workers  _created${' '.repeat(16)}  _updated${' '.repeat(16)}`;
    expect(await lines(`/txt/jobs?filter=job_id:${job_id}`)).toEqual([
      header,
      rule(36, 5, 6, 9, 7, 7, 24, 24),
      `${job_id}  shown  N/A     N/A        N/A      12       ${_created}  ${_updated}`,
    ]);
    expect(await lines(`/txt/jobs?filter=job_id:${job_id}&fields=name,%20workers&headers=false`)).toEqual([
      'shown  12',
    ]);
    expect(await lines(`/txt/jobs?fields=name&active=false`)).toEqual(['name', '----', '    ']);
    expect((await lines('/txt/jobs?deleted=true'))[0]).toContain('_deleted_on');
    expect((await lines('/txt/jobs?deleted=&fields=,'))[0]).toContain('_deleted_on');
    expect((await api.get('/txt/jobs?deleted=x')).status).toBe(400);
    expect((await api.get('/txt/ex?filter=nme:x')).status).toBe(400);
  });

  it('shows executions, controllers, nodes and workers', async () => {
    const { job_id, ex_id } = await api.running(job({ name: 'runs' }));
    expect(await lines(`/txt/ex?fields=name,_status,ex_id&headers=false&size=1`)).toEqual([
      `runs  running  ${ex_id}`,
    ]);
    for (const path of ['/txt/controllers', '/txt/slicers']) {
      expect((await lines(`${path}?headers=false`)).at(-1)).toBe(`runs   ${job_id}  0  0  0  0  0`);
    }
    const workers = await lines('/txt/workers');
    expect(workers[0]!.split(/ +/).filter(Boolean)).toEqual([
      'assignment',
      'job_id',
      'ex_id',
      'node_id',
      'pid',
    ]);
    expect(workers[2]).toMatch(new RegExp(`^cluster_master  N/A     N/A    .*/master  ${process.pid}$`));
    const [node] = (await lines('/txt/nodes?headers=false&fields=state,total,active,pid')).slice(-1);
    expect(node).toBe(`connected  0  2  ${process.pid}`);
  });

  it('takes size for the end of what is not listed from the store', async () => {
    expect(await lines('/txt/workers?fields=assignment&headers=false&from=1&size=1')).toEqual(['']);
  });

  it('is there without a version only', async () => {
    expect((await api.get('/v1/txt/jobs')).status).toBe(404);
    expect((await api.post('/txt/jobs')).status).toBe(405);
  });
});
