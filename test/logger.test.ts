import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../src/logger.js';
import { openPglite } from '../src/store/pglite.js';

it('logs errors of the embedded database without the statement and its parameters', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'temposlice-logger-'));
  const { dialect, unlock } = await openPglite(dataDir);
  const driver = dialect.createDriver();
  await driver.init();
  const connection = await driver.acquireConnection();
  const error: unknown = await connection
    .executeQuery({ sql: 'select $1::integer', parameters: ['whole document'] } as never)
    .catch((reason: unknown) => reason);
  await driver.releaseConnection(connection);
  await driver.destroy();
  unlock();
  await rm(dataDir, { recursive: true });

  const lines: string[] = [];
  const logger = createLogger('test', { destination: { write: (line) => void lines.push(line) } });
  logger.error({ err: error }, 'request failed');
  const { err } = JSON.parse(lines[0]!) as { err: Record<string, unknown> };
  expect(err).toMatchObject({ code: '22P02', message: expect.stringContaining('integer') });
  expect(err).not.toHaveProperty('query');
  expect(err).not.toHaveProperty('params');
});
