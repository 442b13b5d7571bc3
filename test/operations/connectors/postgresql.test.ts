import type pg from 'pg';
import { prepareFoundation } from '../../../src/operations/connectors/prepare.js';
import { createContext } from '../../../src/operations/context.js';
import { startPostgres, type TestPostgres } from '../../support/postgres.js';
import { Directories, writeTree } from '../support/directories.js';

const directories = new Directories();
let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(async () => {
  await server.stop();
  directories.clean();
});

/** Reads a configuration file with these connections, as a node does. */
async function prepare(connections: string) {
  const root = directories.make();
  writeTree(root, { 'config.yaml': `terafoundation:\n  connectors:\n    postgresql:\n${connections}` });
  const config = `${root}/config.yaml`;
  const warnings: string[] = [];
  const settings = { assetsDir: root, logLevel: 'info', name: 'test', shutdownTimeout: 1_000, config };
  return { foundation: await prepareFoundation(settings, (text) => warnings.push(text)), warnings, config };
}

it('gives operations a pool of connections', async () => {
  const { foundation } = await prepare(`      default: {url: "${server.url}", max_connections: 2}`);
  const { context } = createContext({
    assetsDirectory: '/assets',
    assignment: 'worker',
    clusterName: 'test',
    foundation,
    hostId: 'host-1',
    logDestination: { write: () => undefined },
    logLevel: 'info',
    shutdownTimeout: 1_000,
  });
  const request = { type: 'postgresql', endpoint: 'default', cached: true };
  const { client } = (await context.apis.foundation.createClient(request)) as { client: pg.Pool };
  await client.query('create table seen (id integer)');
  await client.query('insert into seen values ($1), ($2)', [1, 2]);
  const { rows } = await client.query('select sum(id)::integer as sum from seen');
  expect(rows).toEqual([{ sum: 3 }]);
  expect(client.options.max).toBe(2);
  await client.end();
});

it('is checked when the file is read, with the place of each error', async () => {
  const wrong =
    '      default: {url: "mysql://x"}\n      other:\n        port: high\n      fine: {prot: 1}\n';
  const error: Error = await prepare(wrong).then(
    () => new Error('it was taken'),
    (reason: Error) => reason,
  );
  expect(error.message.replaceAll(/\S*config\.yaml/g, 'config.yaml').split('\n')).toEqual([
    'config.yaml:4: terafoundation.connectors.postgresql.default: url must begin with postgresql://',
    expect.stringMatching(
      /^config.yaml:5: terafoundation.connectors.postgresql.other: .*port: ports must be within/,
    ),
  ]);
});

it('names unknown options and connectors that are not installed', async () => {
  const { warnings, config, foundation } = await prepare(
    '      a: {prot: 1}\n    unheard-of:\n      b: {c: 1}\n',
  );
  expect(warnings).toEqual([
    expect.stringContaining(`${config}:4: terafoundation.connectors.postgresql.a: `),
    expect.stringContaining(`${config}:5: terafoundation.connectors.unheard-of: Could not find connector`),
  ]);
  expect(foundation.connectors.postgresql?.a).toMatchObject({ prot: 1, port: 5432, connect_timeout: 10_000 });
  expect(foundation.connectors['unheard-of']).toEqual({ b: { c: 1 } });
});
