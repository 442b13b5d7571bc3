/**
 * Runs the program or its tests from a fresh clone: checks Node, installs the dependencies, builds, and only
 * then starts. Each step is skipped when its result is there already. Uses nothing that has to be installed.
 *
 *   node scripts/run.mjs demo|start [options of the command]
 *   node scripts/run.mjs test [options of jest]
 *   node scripts/run.mjs bench [options of bench/main.ts]
 *   node scripts/run.mjs chaos [options of test/chaos/main.ts]
 *   node scripts/run.mjs conformance [options of test/conformance/main.ts]
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LEAST_NODE = [20, 11];
const BUILD_STAMP = join(ROOT, 'dist', '.built-from');

const [command, ...args] = process.argv.slice(2);
if (!['demo', 'start', 'test', 'bench', 'chaos', 'conformance'].includes(command))
  fail('usage: node scripts/run.mjs demo|start|test|bench|chaos|conformance [options]', 2);
checkNode();
endWithNpm();
if (!installed()) {
  say('Installing the dependencies (npm ci); this takes a minute …');
  await run(...npm('ci', '--include=dev', '--no-audit', '--no-fund'));
}
const sources = hashOfSources();
if (!existsSync(BUILD_STAMP) || readFileSync(BUILD_STAMP, 'utf8') !== sources) {
  say('Building …');
  // What a deleted source left would still be loaded.
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  await run(...npm('run', '--silent', 'build'));
  writeFileSync(BUILD_STAMP, sources);
}
const FROM_TYPESCRIPT = ['--import', './test/support/typescript.mjs'];
if (command === 'test') await runHere(['--experimental-vm-modules', 'node_modules/jest/bin/jest.js']);
else if (command === 'bench') await runHere([...FROM_TYPESCRIPT, 'bench/main.ts']);
else if (command === 'chaos') await runHere([...FROM_TYPESCRIPT, 'test/chaos/main.ts']);
else if (command === 'conformance') await runHere([...FROM_TYPESCRIPT, 'test/conformance/main.ts']);
else await startProgram();

/** In this very process: signals, terminal and exit code are the program's own. */
async function startProgram() {
  const program = join(ROOT, 'dist', 'cli.js');
  process.argv = [process.argv[0], program, command, ...args];
  await import(pathToFileURL(program).href);
}

/** @param program what Node is to run, below the project's folder, with the Temporal CLI at hand */
async function runHere(program) {
  const { obtainTemporal } = await import(pathToFileURL(join(ROOT, 'dist/workers/temporal/binary.js')).href);
  const binary = await obtainTemporal({ progress: say }).catch((error) => fail(error.message));
  process.exitCode = await exitOf(process.execPath, [...program, ...args], {
    ...process.env,
    NODE_NO_WARNINGS: '1',
    TEMPORAL_CLI: binary,
  });
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])) return;
  fail(
    `Temposlice needs Node ${LEAST_NODE.join('.')} or later; this is ${process.version} (${process.execPath}).`,
  );
}

/** At SIGTERM npm ends its shell, which does not pass it on: when the shell is gone, this process stops, too. */
function endWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  timer.unref();
}

/** True if the installed tree is the one that package-lock.json describes. */
function installed() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf(join('node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(([path, { version, optional, devOptional, peer }]) => {
    if (path === '') return true;
    const found = present[path];
    return found ? found.version === version : Boolean(optional || devOptional || peer);
  });
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(join(ROOT, lockFile), 'utf8')).packages;
  } catch {
    return {};
  }
}

function hashOfSources() {
  const hash = createHash('sha256');
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].map((file) =>
    join(ROOT, file),
  );
  for (const file of [...files, ...settings].sort()) {
    hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** npm as this process was started by it, else the one on the PATH. */
function npm(...parameters) {
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js')) return [process.execPath, [script, ...parameters]];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', parameters];
}

async function run(program, parameters) {
  const code = await exitOf(program, parameters, process.env);
  if (code !== 0) fail(`${[program, ...parameters].join(' ')} ended with exit code ${code}.`, code);
}

/** Exit code of a child that has the terminal; signals reach it, and this process ends after it. */
function exitOf(program, parameters, env) {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { cwd: ROOT, env, stdio: 'inherit' });
    const forward = (signal) => child.kill(signal);
    // Ctrl-C reaches the whole foreground group by itself.
    const wait = () => undefined;
    process.on('SIGTERM', forward).on('SIGINT', wait);
    child.once('error', (error) => fail(`${program} cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      process.off('SIGTERM', forward).off('SIGINT', wait);
      if (signal && signal !== 'SIGINT') say(`${program} was ended by ${signal}.`);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text, code = 1) {
  say(text);
  process.exit(code);
}
