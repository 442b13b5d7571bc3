import { pino } from 'pino';
import { ConfigurationError } from '../../src/workers/configuration-error.js';
import { addressOf, firstContact } from '../../src/workers/first-contact.js';

const lines: string[] = [];
const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
beforeEach(() => void lines.splice(0));

it('waits for what comes a little later, and says so once', async () => {
  let attempts = 0;
  const connect = async (): Promise<string> => {
    if (++attempts < 3) throw new Error('ECONNREFUSED');
    return 'connected';
  };
  await expect(firstContact('Temporal at t:1', connect, logger, 60_000)).resolves.toBe('connected');
  expect(lines).toEqual(['Temporal at t:1 cannot be reached yet: ECONNREFUSED']);
});

it('ends with the address and the innermost cause', async () => {
  const connect = (): Promise<never> =>
    Promise.reject(new Error('outer', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') }));
  const failure = firstContact('the store at db:5432', connect, logger, 0);
  await expect(failure).rejects.toThrow(
    'the store at db:5432 could not be reached for 0 s: connect ECONNREFUSED 127.0.0.1:1',
  );
  await expect(failure).rejects.toBeInstanceOf(ConfigurationError);
});

it('does not wait for what cannot change', async () => {
  const error = new ConfigurationError('locked');
  await expect(firstContact('it', () => Promise.reject(error), logger, 60_000)).rejects.toBe(error);
});

it('shows an address without its password', () => {
  expect(addressOf('postgresql://user:secret@db:5433/temposlice')).toBe('db:5433');
  expect(addressOf('postgresql://user:secret@db:port/temposlice')).not.toContain('secret');
});
