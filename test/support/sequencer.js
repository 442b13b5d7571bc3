import Sequencer from '@jest/test-sequencer';

/** Suites that take a minute or more, in the order in which they are begun. */
const LONG = ['/test/chaos/chaos.test.ts', '/test/e2e/', '/test/conformance/conformance.test.ts'];

/**
 * Long suites first. Where jest does not know yet how long they take, as in a fresh clone, it begins with large files; the
 * longest suite of all is a small one, and ran alone at the end while the other worker had nothing to do.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const i = LONG.findIndex((part) => path.includes(part));
      return i === -1 ? LONG.length : i;
    };
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
