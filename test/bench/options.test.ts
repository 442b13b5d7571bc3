import { expect, it } from '@jest/globals';
import { parseOptions, UsageError } from '../../bench/options.js';

const SCENARIOS = ['throughput', 'cpu'];
const parse = (...args: string[]) => parseOptions(args, SCENARIOS);

it('has defaults for everything', () => {
  expect(parse()).toEqual({ only: [], seconds: 10, repetitions: 3, assets: [], fileMb: 1_000, millions: 10 });
});

it('takes what is given', () => {
  const options = parse(
    ...['--only', 'cpu', '--only', 'throughput', '--seconds', '0.5', '--repetitions', '7'],
    ...['--url', 'http://10.0.0.1:5678/', '--asset', 'standard', '--file-mb', '300', '--millions', '0.2'],
    ...['--output', '/tmp/results'],
  );
  expect(options).toEqual({
    only: ['cpu', 'throughput'],
    seconds: 0.5,
    repetitions: 7,
    url: 'http://10.0.0.1:5678',
    assets: ['standard'],
    fileMb: 300,
    millions: 0.2,
    output: '/tmp/results',
  });
});

it('only lists the scenarios if asked to', () => {
  expect(parse('--list')).toBe('list');
});

it.each([
  [['--only', 'speed'], /no scenario speed: throughput, cpu/],
  [['--seconds', '0'], /--seconds must be a number above 0, not 0/],
  [['--seconds', ''], /--seconds must be a number above 0/],
  [['--seconds', 'ten'], /not ten/],
  [['--repetitions', '1.5'], /--repetitions must be a whole number/],
  [['--repetitions', '-1'], /--repetitions/],
  [['--url', 'localhost:5678'], /--url must be like http/],
  [['--fast'], /--fast/],
  [['throughput'], /throughput/],
])('refuses %j', (args, message) => {
  expect(() => parse(...args)).toThrow(UsageError);
  expect(() => parse(...args)).toThrow(message);
});
