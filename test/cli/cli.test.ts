import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

function temposlice(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

it('explains its commands and options', async () => {
  const { code, stdout } = await temposlice(['--help']);
  expect(code).toBe(0);
  for (const word of ['start', 'master', 'node', 'demo', 'TEMPOSLICE_DATA_DIR'])
    expect(stdout).toContain(word);
  const start = await temposlice(['start', '--help']);
  expect(start.stdout.replace(/\s+/g, ' ')).toMatch(
    /--port <n> [^(]*\(default: 5678, env: TEMPOSLICE_PORT\)/,
  );
  expect(start.stdout).not.toContain('--master');
});

it.each([
  ['import', '(default: http://127.0.0.1:5678, or the port in the configuration file)'],
  ['purge', '(default: http://127.0.0.1:5678, or the port in the configuration file)'],
  ['node', '(env: TEMPOSLICE_MASTER)'],
])('says of %s which master it asks where none is named', async (command, words) => {
  const { stdout } = await temposlice([command, '--help']);
  expect(stdout.replace(/\s+/g, ' ')).toContain(`--master <url> URL of a master's REST API ${words}`);
});

it.each([
  [['start', '--store', 'mysql://u:hush@h'], {}, /option '--store <url>' is invalid. It must be a URL/],
  [['start', '--cluster-token', 'hush hush'], {}, /option '--cluster-token <secret>' is invalid/],
  [['start'], { TEMPOSLICE_STORE: 'mysql://u:hush@h' }, /option '--store <url>' is invalid/],
])('does not show the secret that it refuses in %j with %j', async (args, env, reason) => {
  const { code, stderr, stdout } = await temposlice(args as string[], env as NodeJS.ProcessEnv);
  expect(stderr).toMatch(reason as RegExp);
  expect(stderr + stdout).not.toContain('hush');
  expect(code).toBe(2);
});

it.each([
  [['start', '--port', '70000'], /--port.*whole number from 0 to 65535/s],
  [['start', '--port', '12x'], /--port/],
  [['start', '--slots', '0'], /--slots.*from 1/s],
  [['start', '--log-level', 'loud'], /trace, debug, info/],
  [['start', '--store', 'mysql://x'], /postgresql:/],
  [['start', '--nonsense'], /unknown option '--nonsense'/],
  [['start', 'surplus'], /too many arguments/],
  [['nonsense'], /unknown command|too many arguments/],
  [['master'], /--temporal/],
  [['node', '--temporal', 'localhost:7233'], /--master/],
  [['node', '--temporal', 'localhost', '--master', 'http://m:1'], /host:7233/],
])('refuses %j with exit code 2 and the reason', async (args, reason) => {
  const { code, stderr, stdout } = await temposlice(args as string[]);
  expect(stderr).toMatch(reason as RegExp);
  expect(code).toBe(2);
  expect(stdout).toBe('');
});

it('checks variables like flags, and takes an empty one as not set', async () => {
  const refused = await temposlice(['start'], { TEMPOSLICE_PORT: 'http' });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('TEMPOSLICE_PORT');
  const empty = await temposlice(['master'], { TEMPOSLICE_PORT: '' });
  expect(empty.stderr).toContain('--temporal');
});

it('says how to choose another port when the one of the API is taken, before it starts anything', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'temposlice-cli-'));
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await temposlice(['start', '--port', `${port}`, '--data-dir', dataDir]);
  expect(code).toBe(78);
  expect(stderr).toBe(
    `temposlice: Port ${port} on 127.0.0.1 is taken by another program. ` +
      'Choose another: --port N or TEMPOSLICE_PORT=N.\n',
  );
  server.close();
  rmSync(dataDir, { recursive: true });
});
