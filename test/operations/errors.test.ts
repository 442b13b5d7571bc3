import { TSError } from '@terascope/job-components';
import { describeError } from '../../src/operations/errors.js';

const firstLine = (thrown: unknown, limit?: number): string => describeError(thrown, limit).split('\n')[0]!;

describe('describeError', () => {
  it('names the error, its causes and where the root was thrown', () => {
    const root = new RangeError('no such row');
    const text = describeError(
      new Error('slice failed', { cause: new TypeError('lookup', { cause: root }) }),
    );
    const [first, ...rest] = text.split('\n');
    expect(first).toBe('Error: slice failed, caused by TypeError: lookup, caused by RangeError: no such row');
    expect(rest.filter((line) => line.startsWith('Caused by: '))).toEqual([
      'Caused by: TypeError: lookup',
      'Caused by: RangeError: no such row',
    ]);
    expect(rest.at(-1)).toMatch(/^\s+at /);
    expect(text).toContain('errors.test');
  });

  it('does not repeat a cause that the message of a TSError quotes', () => {
    expect(firstLine(new TSError(new Error('boom'), { reason: 'Slice failed processing' }))).toBe(
      'TSError: Slice failed processing, caused by Error: boom',
    );
  });

  it('shows the first error of an aggregate', () => {
    expect(firstLine(new AggregateError([new Error('one'), new Error('two')], 'both failed'))).toBe(
      'AggregateError: both failed, caused by Error: one',
    );
  });

  it.each([
    ['a string', 'Error: a string'],
    [undefined, 'Error: undefined was thrown'],
    [null, 'Error: null was thrown'],
    [42, 'Error: 42 was thrown'],
    [Symbol('s'), 'Error: Symbol(s) was thrown'],
    [{ status: 'bad' }, "Error: { status: 'bad' } was thrown"],
    [Object.create(null), 'Error: [Object: null prototype] {} was thrown'],
    [{ message: 'looks like one' }, 'Error: looks like one'],
    [Object.assign(new Error(''), { name: 'Silent' }), 'Silent'],
  ])('describes %p', (thrown, expected) => {
    expect(firstLine(thrown)).toBe(expected);
  });

  it('survives what refuses to be read', () => {
    const trap = (): never => {
      throw new Error('not for you');
    };
    const proxy = new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap });
    expect(describeError(proxy)).toMatch(/^Error: .*was thrown$/);
    const getters = Object.defineProperties(new Error('x'), {
      stack: { get: trap },
      message: { get: trap },
      cause: { get: trap },
    });
    expect(typeof describeError(getters)).toBe('string');
    expect(typeof describeError({ [Symbol.for('nodejs.util.inspect.custom')]: trap })).toBe('string');
  });

  it('stops at a cause that leads back', () => {
    const a = new Error('a');
    const b = new Error('b', { cause: a });
    a.cause = b;
    expect(firstLine(a)).toBe('Error: a, caused by Error: b');
  });

  it('keeps the limit and still shows the root of a long chain', () => {
    const root = new Error('the root');
    const text = describeError(new Error('x'.repeat(100_000), { cause: root }));
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(text).toContain('caused by Error: the root');
  });

  it('is well-formed, whatever a message quotes', () => {
    expect(firstLine(new Error('half of \ud83d, and \0'))).toBe('Error: half of \ufffd, and \ufffd');
    expect(firstLine('\ude00')).toBe('Error: \ufffd');
  });
});
