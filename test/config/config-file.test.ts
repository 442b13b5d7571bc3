import { join } from 'node:path';
import { ConfigFile } from '../../src/config/config-file.js';
import { readFoundation } from '../../src/config/foundation.js';
import { Directories, writeTree } from '../operations/support/directories.js';

const directories = new Directories();
afterAll(() => directories.clean());

const write = (text: string, name = 'config.yaml'): string => {
  const root = directories.make();
  writeTree(root, { [name]: text });
  return join(root, name);
};

it('finds the first file of the usual places that is meant for us', () => {
  const ours = write('teraslice: {port: 1}');
  const json = write('{"temposlice": {"port": 2}}', 'config.json');
  expect(ConfigFile.find(['/nowhere/config.yaml', ours, json])?.path).toBe(ours);
  expect(ConfigFile.find([json])?.section('temposlice')).toEqual({ port: 2 });
  expect(ConfigFile.find([write('someone: elses')])).toBeUndefined();
  expect(ConfigFile.find(['/nowhere/config.yaml'])).toBeUndefined();
});

it('resolves anchors and merge keys', () => {
  const path = write('common: &c {a: 1}\nteraslice:\n  <<: *c\n  b: 2\n');
  expect(ConfigFile.read(path).section('teraslice')).toEqual({ a: 1, b: 2 });
});

describe('what operations see', () => {
  it('is nothing without a file', () => {
    expect(readFoundation(undefined)).toEqual({ terafoundation: {}, teraslice: {}, connectors: {} });
  });

  it('is both sections, and the connectors', () => {
    const path = write(`
terafoundation:
  environment: development
  connectors:
    s3:
      default: {endpoint: http://s3}
      empty:
teraslice: {hostname: here}
temposlice: {cluster_token: secret}
`);
    expect(readFoundation(path)).toEqual({
      terafoundation: { environment: 'development' },
      teraslice: { hostname: 'here' },
      connectors: { s3: { default: { endpoint: 'http://s3' }, empty: {} } },
    });
  });

  it.each([
    ['terafoundation:\n  connectors: 5', ':2: terafoundation.connectors: it must be a mapping'],
    [
      'terafoundation:\n  connectors:\n    s3: 5',
      ':3: terafoundation.connectors.s3: it must be a mapping of conn',
    ],
    ['terafoundation:\n  connectors:\n    s3:\n      a: 5', ':4: terafoundation.connectors.s3.a: it must be'],
  ])('refuses %j and says where', (text, message) => {
    const path = write(text);
    expect(() => readFoundation(path)).toThrow(`${path}${message}`);
  });
});
