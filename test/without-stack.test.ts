import { describeError } from '../src/operations/errors.js';
import { withoutStack } from '../src/without-stack.js';

const thrown = new TypeError('cannot open\n  the cellar', { cause: new Error('it is locked') });

it.each([
  [describeError(thrown), 'TypeError: cannot open\n  the cellar, caused by Error: it is locked'],
  ['its host died: exit code 1', 'its host died: exit code 1'],
  ['', ''],
])('leaves the message of %j', (description, message) => {
  expect(withoutStack(description)).toBe(message);
});
