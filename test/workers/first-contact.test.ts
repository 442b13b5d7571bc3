import { pino } from 'pino';
import { ConfigurationError } from '../../src/workers/configuration-error.js';
import { addressOf, firstContact, namespaceContact } from '../../src/workers/first-contact.js';

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

const failing = (error: Error, times: number) => {
  let calls = 0;
  const describeNamespace = async () => (++calls <= times ? Promise.reject(error) : {});
  return { workflowService: { describeNamespace } };
};

it('waits for a namespace, and ends with its name if it never comes', async () => {
  const missing = Object.assign(new Error('Namespace orders is not found.'), { code: 5 });
  await expect(
    namespaceContact(failing(missing, 1), 'orders', 'Temporal at t:1', logger),
  ).resolves.toBeUndefined();
  const failure = namespaceContact(failing(missing, Infinity), 'orders', 'Temporal at t:1', logger, 0);
  await expect(failure).rejects.toThrow('the namespace "orders" of Temporal at t:1 could not be reached');
  await expect(failure).rejects.toBeInstanceOf(ConfigurationError);
});

it('goes on where it may not ask for a namespace', async () => {
  const refused = Object.assign(new Error('no right'), { code: 7 });
  await expect(
    namespaceContact(failing(refused, Infinity), 'orders', 'Temporal at t:1', logger, 0),
  ).resolves.toBeUndefined();
});

it('shows an address without its password', () => {
  expect(addressOf('postgresql://user:secret@db:5433/temposlice')).toBe('db:5433');
  expect(addressOf('postgresql://user:secret@db:port/temposlice')).not.toContain('secret');
});
