import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Scenario } from '../bench.js';
import type { Client } from '../load/client.js';
import { job, waiting as wait } from '../load/jobs.js';
import { Marks } from '../load/marks.js';
import { workersThere } from '../load/rate.js';
import type { Row, Target } from '../report/row.js';

const WORKERS = 2;
const SLICE_MS = 10;
/** Statistics of a paused execution that do not change for so long will not change. */
const STILL_MS = 1_500;
const LIMIT: Record<'pause' | 'resume' | 'stop', { target: Target; teraslice: string }> = {
  pause: { target: { value: 1 + SLICE_MS / 1_000, of: 'value', better: 'lower' }, teraslice: '0.13–0.17' },
  resume: { target: { value: 0.15, of: 'value', better: 'lower' }, teraslice: '0.15–0.3' },
  stop: { target: { value: 1.5, of: 'value', better: 'lower' }, teraslice: '9–12' },
};

/** Slices that are done, as fast as they can be seen: by marks on this machine, by statistics elsewhere. */
interface Observer {
  count(): Promise<number>;
  operations: Array<Record<string, unknown>>;
}

/** How soon an execution does as it is told. */
export const control: Scenario = {
  name: 'control',
  description: `pause, resume and stop of an execution with ${WORKERS} workers and slices of ${SLICE_MS} ms`,
  remote: true,
  async run(bench) {
    const client = await bench.client();
    const times = { pause: [] as number[], resume: [] as number[], stop: [] as number[] };
    const late: number[] = [];
    await bench.repeat('pause, resume, stop', async () => {
      const observer = await observe(bench, client);
      const exId = await client.submit(
        job(bench.options, WORKERS, [wait(bench.options, SLICE_MS), ...observer.operations]),
      );
      await client.processed(exId, 1);
      await workersThere(client, exId, WORKERS);
      await delay(1_000);
      times.pause.push(await timed(() => client.verb(exId, '_pause')));
      const atAnswer = await observer.count();
      await delay(STILL_MS);
      const paused = await observer.count();
      late.push(paused - atAnswer);
      times.resume.push(
        await timed(async () => {
          const resumed = client.verb(exId, '_resume');
          while ((await observer.count()) <= paused) await delay(2);
          await resumed;
        }),
      );
      await delay(1_000);
      times.stop.push(await timed(() => client.verb(exId, '_stop')));
      const said = Object.entries(times).map(([verb, all]) => `${verb} ${all.at(-1)?.toFixed(2)} s`);
      return `${said.join(', ')}; ${late.at(-1)} slices after the pause was answered`;
    });
    return [
      row('pause answered, processed still', times.pause, LIMIT.pause),
      {
        scenario: 'control',
        name: 'slices done after a pause was answered',
        unit: 'slices',
        values: late,
        target: { value: 0, of: 'value', better: 'lower' },
        limits: [],
      },
      row('resume → next slice', times.resume, LIMIT.resume),
      row('stop answered', times.stop, LIMIT.stop),
    ];
  },
};

async function observe(bench: Bench, client: Client): Promise<Observer> {
  if (bench.options.url === undefined) {
    const marks = new Marks((await bench.stack()).path('marks'));
    return { count: async () => marks.count, operations: [marks.operation] };
  }
  const count = async (): Promise<number> => {
    const all = await client.request<Array<{ processed: number }>>('GET', '/cluster/controllers');
    return all.reduce((sum, { processed }) => sum + processed, 0);
  };
  return { count, operations: [] };
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return (performance.now() - began) / 1_000;
}

const row = (name: string, values: number[], limit: { target: Target; teraslice: string }): Row => ({
  scenario: 'control',
  name,
  unit: 's',
  values,
  ...limit,
  limits: [],
});
