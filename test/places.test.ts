import { Places } from '../src/places.js';

/** Work that goes on until it is told to end. */
function open(): { ended: Promise<string>; end(): void } {
  let end = (): void => undefined;
  const ended = new Promise<string>((resolve) => (end = () => resolve('done')));
  return { ended, end };
}

it('lets in as many as there are places, and the others in their order', async () => {
  const places = new Places(2, 60_000);
  const begun: number[] = [];
  const works = Array.from({ length: 5 }, open);
  const all = works.map((work, index) =>
    places.in(async () => {
      begun.push(index);
      return work.ended;
    }),
  );
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
  works[1]!.end();
  await all[1];
  works[0]!.end();
  await all[0];
  await new Promise(setImmediate);
  expect(begun).toEqual([0, 1, 2, 3]);
  works.forEach(({ end }) => end());
  await expect(Promise.all(all)).resolves.toEqual(Array(5).fill('done'));
});

it('turns away who waited too long, and has the place for the next', async () => {
  const places = new Places(1, 20);
  const hanging = open();
  const first = places.in(() => hanging.ended);
  await expect(places.in(async () => 'never')).rejects.toMatchObject({
    code: 'TOO_BUSY',
    status: 503,
    retry: true,
  });
  hanging.end();
  await first;
  await expect(places.in(async () => 'next')).resolves.toBe('next');
});

it('gives the place of work that fails to the next', async () => {
  const places = new Places(1, 60_000);
  const failing = places.in(() => Promise.reject(new Error('no')));
  const next = places.in(async () => 'next');
  await expect(failing).rejects.toThrow('no');
  await expect(next).resolves.toBe('next');
});
