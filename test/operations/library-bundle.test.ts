import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { lazily } from '../../src/operations/lazily.js';

/** What a process sees of `#job-components`, and what it has loaded of the packages that are loaded late. */
const LOOK = `
  import * as library from '#job-components';
  import { createRequire } from 'node:module';
  const { cache } = createRequire(import.meta.url);
  const loaded = () => /geo-tz|awesome-phonenumber|prom-client/.test(Object.keys(cache).join());
  const early = loaded();
  console.log(JSON.stringify({
    kinds: Object.entries(library).map(([name, value]) => name + ': ' + typeof value).sort(),
    answers: {
      phone: library.parsePhoneNumber('+15558675309'),
      isdn: [library.isISDN('+1 480 555 1234'), library.isISDN('none')],
      url: [library.isURL('https://example.org/'), library.isURL('none')],
      postal: library.isPostalCode('85249', 'US'),
      timezone: library.lookupTimezone('33.4, -112'),
      date: library.getValidDate('2020-01-02T03:04:05Z'),
      metrics: typeof new library.TestContext('x', { assignment: 'worker' }).apis.foundation.promMetrics.init,
    },
    early,
    late: loaded(),
  }));
`;

interface Seen {
  kinds: string[];
  answers: Record<string, unknown>;
  early: boolean;
  late: boolean;
}

async function look(...flags: string[]): Promise<Seen> {
  const args = [...flags, '--input-type=module', '--eval', LOOK];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return JSON.parse(stdout) as Seen;
}

it('bundles all of the library, with the same answers, and loads what is seldom needed late', async () => {
  const [library, bundle] = await Promise.all([look(), look('--conditions=temposlice-bundled')]);
  expect(bundle.kinds).toEqual(library.kinds);
  expect(bundle.answers).toEqual(library.answers);
  expect(library.early).toBe(true);
  expect(bundle).toMatchObject({ early: false, late: true });
});

describe('lazily', () => {
  class Gauge {
    static made = 0;
    value = 0;
    constructor(readonly name: string) {
      Gauge.made++;
    }
  }

  it('loads at the first use, once', () => {
    let loads = 0;
    const double = lazily(() => {
      loads++;
      return (n: number) => n * 2;
    });
    expect(loads).toBe(0);
    expect([double(2), double(3)]).toEqual([4, 6]);
    expect(loads).toBe(1);
  });

  it('stands for a class: new, instanceof, static members', () => {
    const Lazy = lazily(() => Gauge);
    const gauge = new Lazy('a');
    expect(gauge).toBeInstanceOf(Gauge);
    expect(gauge instanceof Lazy).toBe(true);
    expect({} instanceof Lazy).toBe(false);
    expect(Lazy.made).toBe(1);
    Lazy.made = 5;
    expect(Gauge.made).toBe(5);
    expect('made' in Lazy).toBe(true);
  });
});
