import { randomBytes, randomUUID } from 'node:crypto';
import { makeExecution, makeJob } from '../support/executions.js';
import { SOURCES, type StoreSource } from '../support/stores.js';
import type { Store, StoredAsset } from '../../src/store/index.js';

const makeId = (): string => randomBytes(20).toString('hex');

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
}

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

describe.each(SOURCES)('assets in %s', (_kind, makeSource) => {
  let source: StoreSource;
  let store: Store;
  beforeAll(async () => {
    source = await makeSource();
    store = await source.open();
  }, 60_000);
  afterAll(async () => {
    await store.close();
    await source.dispose();
  });

  const content = async (id: string): Promise<Buffer | undefined> => {
    const asset = await store.assets.read(id);
    return asset && collect(asset.bytes);
  };

  async function add(changes: Partial<StoredAsset> = {}, bytes = randomBytes(10)): Promise<StoredAsset> {
    const location = await store.assets.stage(pieces(bytes, 7));
    const asset: StoredAsset = {
      id: makeId(),
      name: randomUUID(),
      version: '1.0.0',
      _created: new Date().toISOString(),
      size: bytes.length,
      location,
      ...changes,
    };
    await store.assets.insert(asset);
    return asset;
  }
  const recordOf = ({ size: _size, location: _location, ...record }: StoredAsset) => record;

  it('gives the bytes back as they came, in whatever pieces', async () => {
    const bytes = randomBytes(2_500_000);
    for (const length of [300_000, 2_500_000, 1024 * 1024]) {
      const location = await store.assets.stage(pieces(bytes, length));
      const { id } = await add({ location, size: bytes.length });
      expect((await content(id))!.equals(bytes)).toBe(true);
    }
  });

  it('keeps what an asset says of itself, and nothing that it does not', async () => {
    const bare = await add();
    const full = await add({ description: 'text', node_version: 22, platform: 'linux', arch: 'x64' });
    expect(await store.assets.get(bare.id)).toEqual(recordOf(bare));
    expect(await store.assets.get(full.id)).toEqual(recordOf(full));
    expect(await store.assets.get(makeId())).toBeUndefined();
  });

  it('discards staged bytes, but not those of an asset', async () => {
    const asset = await add();
    await store.assets.discard(asset.location);
    expect(await content(asset.id)).toHaveLength(10);
    const location = await store.assets.stage(pieces(randomBytes(10), 10));
    await store.assets.discard(location);
    const { id } = await add({ location });
    expect(await content(id)).toHaveLength(0);
  });

  it('takes the same asset once, and no other that a job could not tell from it', async () => {
    const asset = await add({ node_version: 22, arch: 'x64' });
    const { name } = asset;
    expect(await store.assets.insert({ ...asset, location: 'elsewhere' })).toBe(false);
    expect(await content(asset.id)).toHaveLength(10);
    await expect(add({ name, node_version: 22, arch: 'x64' })).rejects.toMatchObject({
      code: 'ASSET_EXISTS',
      message:
        `Asset arch:"x64" AND name:"${name}" AND node_version:"22" AND version:"1.0.0" already exists,` +
        ' please increment the version and send again',
    });
    // One without restrictions would be for the same systems.
    await expect(add({ name })).rejects.toMatchObject({ code: 'ASSET_EXISTS' });
    await add({ name, node_version: 22, arch: 'arm64' });
    await add({ name, version: '1.0.1' });
    expect(await store.assets.named(name)).toHaveLength(3);
  });

  it('lets one of two win that come at the same time', async () => {
    const name = randomUUID();
    const results = await Promise.allSettled([add({ name }), add({ name }), add({ name })]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await store.assets.named(name)).toHaveLength(1);
  });

  it('lists by name and versions, newest first', async () => {
    const name = randomUUID();
    const at = (minute: number) => ({ _created: `2025-01-01T00:0${minute}:00.000Z` });
    const versions = ['1.0.0', '1.1.0', '2.0.0'];
    for (const [index, version] of versions.entries()) await add({ name, version, ...at(index) });
    const list = async (query: object) =>
      (await store.assets.list({ name, ...query })).map(({ version }) => version);
    expect(await list({})).toEqual(['2.0.0', '1.1.0', '1.0.0']);
    expect(await list({ sort: 'version:asc' })).toEqual(versions);
    expect(await list({ size: 1, from: 1 })).toEqual(['1.1.0']);
    expect(await list({ versions: ['1.0.0', '3.0.0'] })).toEqual(['1.0.0']);
    expect(await list({ versions: [] })).toEqual([]);
    await expect(list({ sort: 'size:asc' })).rejects.toMatchObject({ code: 'BAD_SORT' });
  });

  it('hides what was deleted at once, and keeps its bytes as long as an execution runs it', async () => {
    const asset = await add();
    const job = makeJob();
    // PostgreSQL keeps such a document and refuses to look into it.
    const note = 'ill-formed: \0, half of \ud83d';
    const execution = makeExecution({ job_id: job.job_id, assets: [makeId(), asset.id], note });
    await store.jobs.insert(job);
    await store.executions.insert(execution);

    expect(await store.assets.remove(asset.id)).toBe(true);
    expect(await store.assets.remove(asset.id)).toBe(false);
    expect(await store.assets.get(asset.id)).toBeUndefined();
    expect(await store.assets.named(asset.name)).toEqual([]);
    expect(await store.assets.list({ name: asset.name })).toEqual([]);

    expect(await store.assets.purge(0)).toEqual([]);
    expect(await store.assets.kept([asset.id, makeId()])).toEqual([asset.id]);
    expect(await content(asset.id)).toHaveLength(10);

    await store.executions.close(execution.ex_id, 5, 'stopped', {}, null);
    expect(await store.assets.purge(60_000)).toEqual([]);
    expect(await store.assets.purge(0)).toEqual([asset.id]);
    expect(await store.assets.kept([asset.id])).toEqual([]);
    expect(await content(asset.id)).toBeUndefined();
  });

  it('takes a deleted asset back', async () => {
    const asset = await add();
    await store.assets.remove(asset.id);
    const location = await store.assets.stage(pieces(randomBytes(20), 20));
    expect(await store.assets.insert({ ...asset, location, size: 20 })).toBe(true);
    expect(await store.assets.get(asset.id)).toEqual(recordOf(asset));
    expect(await content(asset.id)).toHaveLength(20);
    expect(await store.assets.purge(0)).toEqual([]);
  });

  it('remembers what was autoloaded', async () => {
    const id = makeId();
    expect(await store.assets.wasAutoloaded(id)).toBe(false);
    await store.assets.setAutoloaded(id);
    await store.assets.setAutoloaded(id);
    expect(await store.assets.wasAutoloaded(id)).toBe(true);
  });

  it('sweeps what a crash left staged in an embedded store', async () => {
    if (source.shared) return;
    const kept = await add();
    const location = await store.assets.stage(pieces(randomBytes(10), 10));
    await store.close();
    store = await source.open();
    expect(await content(kept.id)).toHaveLength(10);
    const { id } = await add({ location });
    expect(await content(id)).toHaveLength(0);
  });
});
