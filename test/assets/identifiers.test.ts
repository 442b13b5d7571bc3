import { choose, majorOf, rangeOf } from '../../src/assets/compatibility.js';
import { qualifyNames } from '../../src/assets/identifiers.js';

describe('names with an asset', () => {
  const [ONE, TWO] = ['1'.repeat(40), '2'.repeat(40)];
  const ids = new Map([
    ['one', ONE!],
    ['one:1.0.0', ONE!],
    ['two:^2', TWO!],
  ]);

  it.each([
    ['plain', 'plain'],
    ['op@one', `op@${ONE}`],
    ['op@one:1.0.0', `op@${ONE}`],
    ['op@two:^2', `op@${TWO}`],
    [`op@${TWO}`, `op@${TWO}`],
  ])('make operation %s %s', (name, expected) => {
    const spec = { operations: [{ _op: name, other: 1 }] };
    expect(qualifyNames(spec, ids)).toEqual({ operations: [{ _op: expected, other: 1 }] });
    expect(spec.operations[0]!._op).toBe(name);
  });

  it.each([
    ['plain:tag', 'plain:tag'],
    ['api@one', `api@${ONE}`],
    ['api@one:tag', `api@${ONE}:tag`],
    ['api@one:1.0.0', `api@${ONE}`],
    ['api@one:1.0.0:tag', `api@${ONE}:tag`],
    [`api@${ONE}:tag`, `api@${ONE}:tag`],
  ])('make api %s %s, there and where it is referred to', (name, expected) => {
    for (const key of ['_api_name', 'api_name']) {
      const spec = { apis: [{ _name: name }], operations: [{ _op: 'op', [key]: name }] };
      expect(qualifyNames(spec, ids)).toEqual({
        apis: [{ _name: expected }],
        operations: [{ _op: 'op', [key]: expected }],
      });
    }
  });

  it.each([
    ['op@three', 'Invalid operation name for _op: op, could not find the hashID for asset identifier three'],
    ['op@a:b:c:d', 'Invalid name for "op@a:b:c:d", it has to many ":" characters'],
  ])('refuse %s', (name, message) => {
    expect(() => qualifyNames({ operations: [{ _op: name }] }, ids)).toThrow(message);
  });

  it('leave alone what is no list of objects', () => {
    for (const operations of [undefined, null, 'x', [null, 'x', 1, [{}]]]) {
      expect(qualifyNames({ operations }, ids)).toEqual({ operations });
    }
  });
});

describe('the choice among assets', () => {
  const SYSTEM = { node: 20, platform: 'linux', arch: 'x64' };
  const asset = (version: string, more: object = {}) => ({ name: 'a', version, ...more });
  const chosen = (assets: ReturnType<typeof asset>[], range = '*') => choose(assets, range, SYSTEM);

  it('takes the newest version in range, prereleases included', () => {
    const assets = ['1.0.0', '1.10.0', '1.9.0', '2.0.0-rc.1'].map((version) => asset(version));
    expect(chosen(assets)).toEqual({ chosen: assets[3] });
    expect(chosen(assets, '^1')).toEqual({ chosen: assets[1] });
    expect(chosen(assets, '1.9.0')).toEqual({ chosen: assets[2] });
    expect(chosen(assets, '>=3')).toEqual({ reasons: [] });
  });

  it('leaves out what this system cannot run, and says why', () => {
    const old = asset('1.0.0', { node_version: 18, platform: 'linux', arch: 'x64' });
    const assets = [
      asset('3.0.0', { node_version: 24 }),
      asset('2.0.0', { platform: 'win32', arch: 'arm64' }),
    ];
    expect(chosen([...assets, old])).toEqual({ chosen: old });
    expect(chosen(assets)).toEqual({ reasons: ['node_version', 'platform', 'arch'] });
  });

  it('takes what was made for the oldest Node of Teraslice, if there is nothing nearer', () => {
    const nodes = [18, 20, 22].map((node_version) => asset('1.0.0', { node_version }));
    expect(chosen(nodes)).toEqual({ chosen: nodes[1] });
    expect(chosen([nodes[2]!])).toEqual({ chosen: nodes[2] });
  });

  it.each([
    [undefined, '*'],
    ['', '*'],
    ['latest', '*'],
    ['v1.0.0', '1.0.0'],
    ['1.*', '>=1.0.0 <2.0.0-0'],
    ['no range', undefined],
  ])('reads the range %s as %s', (text, range) => expect(rangeOf(text)).toBe(range));

  it.each([
    [22, 22],
    ['22', 22],
    ['22.1.0', 22],
    ['v22.1.0', 22],
    ['new', undefined],
    [1.5, undefined],
    [{}, undefined],
  ])('reads the Node version %p as %p', (version, major) => expect(majorOf(version)).toBe(major));
});
