import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '../../src/logger.js';
import { createOperationLogger, type OperationLogger } from '../../src/operations/operation-logger.js';
import { Directories } from './support/directories.js';

interface Line {
  level: number;
  msg: string;
  err?: { name: string; message: string; code?: string; stack: string };
  [field: string]: unknown;
}

const directories = new Directories();
afterAll(() => directories.clean());

class Sink {
  text = '';
  write(line: string): void {
    this.text += line;
  }
  get lines(): Line[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  }
}

function make(level = 'trace', logDir?: string): { logger: OperationLogger; sink: Sink } {
  const sink = new Sink();
  const fields = { ex_id: 'ex-1', job_id: 'job-1', worker: 'host-1' };
  const logger = createOperationLogger({
    fields,
    level,
    destination: sink,
    ...(logDir === undefined ? {} : { logDir }),
  });
  return { logger, sink };
}

it('puts execution, job, worker and module into every line', () => {
  const { logger, sink } = make();
  logger.child({ module: 'operation', opName: 'noop' }).info('hello');
  expect(sink.lines).toMatchObject([
    {
      level: 30,
      msg: 'hello',
      ex_id: 'ex-1',
      job_id: 'job-1',
      worker: 'host-1',
      module: 'operation',
      opName: 'noop',
      pid: process.pid,
    },
  ]);
});

it('understands calls in the style of bunyan', () => {
  const { logger, sink } = make();
  const err = Object.assign(new Error('boom', { cause: new Error('root') }), { code: 'E_BOOM' });
  logger.error(err, 'it failed', { records: 3 });
  logger.error(err);
  logger.warn({ err, slice: 7 });
  logger.info({ slice: 8 }, 'slice %d of %s', 8, 'many');
  logger.info('plain', { extra: true }, [1, 2]);
  logger.info(['a', 'list']);
  logger.debug(undefined);
  const [withText, alone, field, formatted, surplus, list, nothing] = sink.lines;
  expect(withText).toMatchObject({ level: 50, msg: 'it failed { records: 3 }' });
  expect(withText?.err).toMatchObject({ name: 'Error', message: 'boom', code: 'E_BOOM' });
  expect(withText?.err?.stack).toMatch(/^Error: boom, caused by Error: root\n\s+at /);
  expect(alone).toMatchObject({ msg: 'boom' });
  expect(field).toMatchObject({ level: 40, msg: 'boom', slice: 7, err: { message: 'boom' } });
  expect(formatted).toMatchObject({ msg: 'slice 8 of many', slice: 8 });
  expect(surplus?.msg).toBe('plain { extra: true } [ 1, 2 ]');
  expect(list?.msg).toBe("[ 'a', 'list' ]");
  expect(nothing?.msg).toBe('undefined');
});

it('tells the level by functions and whether a level is on by calls without arguments', () => {
  const { logger, sink } = make('info');
  expect(logger.level()).toBe(30);
  expect(logger.levels()).toEqual([30]);
  expect(logger.debug()).toBe(false);
  expect(logger.info()).toBe(true);
  logger.debug('not written');
  expect(sink.text).toBe('');
});

it('gives a child a level of its own until the level of all is set', () => {
  const { logger, sink } = make('info');
  const verbose = logger.child({ module: 'a', level: 'debug' });
  const grandchild = verbose.child({ module: 'b' });
  expect([logger.level(), verbose.level(), grandchild.level()]).toEqual([30, 20, 20]);
  verbose.debug('written');
  expect(sink.lines).toMatchObject([{ level: 20, msg: 'written', module: 'a' }]);
  logger.setLevel('warn');
  expect([logger.level(), verbose.level(), grandchild.level()]).toEqual([40, 40, 40]);
  verbose.level('trace');
  expect([logger.level(), verbose.level()]).toEqual([40, 10]);
  expect(() => logger.setLevel('loud' as 'info')).toThrow('unknown log level "loud"');
});

it('ignores an undefined level of a child, as job-components gives it', () => {
  const { logger } = make('warn');
  expect(logger.child({ level: undefined }).level()).toBe(40);
  expect(logger.child({ level: null }).level()).toBe(40);
});

describe('streams and serializers that are added', () => {
  it('count for the logger and for the children that it gets from then on', () => {
    const { logger, sink } = make('info');
    const early = logger.child({ module: 'early' });
    const added = new Sink();
    const records: unknown[] = [];
    logger.addStream({ stream: added, level: 'debug' });
    logger.addStream({
      type: 'raw',
      level: 40,
      stream: { write: (record: unknown) => records.push(record) },
    });
    logger.addSerializers({ request: (value) => (value as { url: string }).url });
    const late = logger.child({ module: 'late', request: { url: '/child' } });
    early.warn({ request: { url: '/a' } }, 'early');
    logger.debug({ request: { url: '/b' } }, 'for one stream only');
    late.warn('late');
    expect(sink.lines).toMatchObject([
      { msg: 'early', request: { url: '/a' } },
      { msg: 'late', module: 'late', request: '/child' },
    ]);
    expect(added.lines).toMatchObject([
      { level: 20, msg: 'for one stream only', ex_id: 'ex-1', request: '/b' },
      { level: 40, msg: 'late' },
    ]);
    expect(records).toMatchObject([{ level: 40, msg: 'late', time: expect.any(Date) }]);
    expect([logger.debug(), logger.trace(), early.debug()]).toEqual([true, false, false]);
    expect([logger.level(), logger.levels()]).toEqual([20, [30, 20, 40]]);
  });

  it('follow the level of their logger when it is set, and are refused if they are none', () => {
    const { logger, sink } = make('info');
    const added = new Sink();
    logger.addStream({ stream: added });
    logger.level('error');
    logger.warn('nowhere');
    expect([sink.text, added.text]).toEqual(['', '']);
    expect(() => logger.addStream({ path: 'a-file' } as never)).toThrow(TypeError);
    expect(() => logger.addSerializers({ request: 'url' } as never)).toThrow('must be a function');
    expect(() => logger.reopenFileStreams()).not.toThrow();
  });

  it('may fail without failing who logs', () => {
    const { logger, sink } = make('info');
    const broken = {
      write() {
        throw new Error('disk full');
      },
    };
    logger.addStream({ stream: broken });
    logger.addSerializers({ request: () => BigInt('none') });
    logger.info('a line');
    logger.info({ request: 1 }, 'another');
    expect(sink.lines.map(({ msg }) => msg)).toEqual([
      'a line',
      expect.stringContaining('disk full'),
      expect.stringContaining('could not be written'),
    ]);
  });
});

it('does not fail for what cannot be read, and keeps lines bounded', () => {
  const { logger, sink } = make();
  const hostile = {
    get secret(): string {
      throw new Error('no');
    },
  };
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  logger.info(hostile, 'hostile');
  logger.info(circular, 'circular');
  logger.info({ big: 12n }, 'bigint');
  logger.error(new Error('m'.repeat(1_000_000)), 't'.repeat(1_000_000));
  expect(sink.lines).toHaveLength(4);
  expect(sink.lines[0]?.msg).toContain('could not be written');
  expect(sink.lines[1]?.msg).toBe('circular');
  expect(sink.lines[3]!.msg.length).toBeLessThanOrEqual(8000);
  expect(JSON.stringify(sink.lines[3]).length).toBeLessThan(16_000);
});

it('appends to a file per execution, whole lines from several loggers', () => {
  const logDir = join(directories.make(), 'not', 'there', 'yet');
  const first = make('info', logDir);
  const second = make('info', logDir);
  for (let i = 0; i < 100; i++) {
    first.logger.info({ i }, 'x'.repeat(5000));
    second.logger.info({ i }, 'y'.repeat(5000));
  }
  // Nothing was flushed or closed: a line is in the file when the call returns.
  const lines = readFileSync(join(logDir, 'ex-1.log'), 'utf8').trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as Line).i)).toHaveLength(200);
  expect(lines.slice(0, 100).join('\n') + '\n').not.toBe(first.sink.text);
  expect(lines.filter((line) => line.includes('xxxx')).join('\n') + '\n').toBe(first.sink.text);
});

it('goes on without the file when it cannot be opened', () => {
  const blocked = join(directories.make(), 'a-file');
  writeFileSync(blocked, '');
  const { logger, sink } = make('info', blocked);
  logger.info('still here');
  expect(sink.lines.map(({ level, msg }) => ({ level, msg }))).toEqual([
    { level: 40, msg: expect.stringContaining("cannot write the execution's log file") },
    { level: 30, msg: 'still here' },
  ]);
});

it('costs next to nothing below the level', () => {
  const { logger } = make('info');
  const start = performance.now();
  for (let i = 0; i < 1_000_000; i++) logger.trace('a slice', i);
  // About 10 ns a call; a call that formats or serializes takes a hundred times that.
  expect(performance.now() - start).toBeLessThan(1000);
});

it('writes lines of a process as JSON with its name', () => {
  const sink = new Sink();
  const logger = createLogger('master', { level: 'warn', destination: sink, fields: { node: 'n1' } });
  logger.info('not written');
  logger.warn({ port: 1 }, 'written');
  expect(sink.lines).toMatchObject([{ level: 40, name: 'master', node: 'n1', port: 1, msg: 'written' }]);
});
