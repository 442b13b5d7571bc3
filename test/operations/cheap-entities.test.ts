import { cloneDeep, DataEntity } from '@terascope/job-components';

const made = DataEntity.make;
beforeAll(() => import('../../src/operations/cheap-entities.js'));

/** All that can be seen of an object, but the time at which it was made. */
function seenOf(entity: DataEntity): unknown {
  const { ___EntityMetadata: hidden, ...others } = Object.getOwnPropertyDescriptors(entity) as Record<
    string,
    PropertyDescriptor
  >;
  const { metadata } = (hidden as PropertyDescriptor).value as { metadata: { _createTime: number } };
  return {
    prototype: Object.getPrototypeOf(entity) as unknown,
    names: Reflect.ownKeys(entity),
    others,
    hidden: { ...hidden, value: Object.keys(metadata) },
    isEntity: [DataEntity.isDataEntity(entity), entity instanceof DataEntity, typeof metadata._createTime],
    json: JSON.stringify(entity),
  };
}

it('is in place', () => expect(DataEntity.make).not.toBe(made));

it.each([
  ['an empty object', '{}'],
  ['fields of every kind', '{"a":1,"b":"x","c":null,"d":[1,{"e":true}],"length":3,"0":"index"}'],
  ['a field that looks like a prototype', '{"a":1,"__proto__":{"b":2}}'],
  ['many fields', JSON.stringify(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, i])))],
])('makes the same of a plain object as the constructor: %s', (_name, json) => {
  const input = JSON.parse(json) as Record<string, unknown>;
  const entity = DataEntity.make(input);
  expect(seenOf(entity)).toEqual(seenOf(new DataEntity(input)));
  expect(entity).not.toBe(input);
});

it('refuses the same names of fields', () => {
  for (const name of ['getMetadata', '__isDataEntity', '___EntityMetadata']) {
    const input = { a: 1, [name]: 2 };
    const failure = (make: () => unknown): string => {
      try {
        make();
        return 'none';
      } catch (error) {
        return String(error);
      }
    };
    expect(failure(() => DataEntity.make(input))).toBe(failure(() => new DataEntity(input)));
    expect(failure(() => DataEntity.make(input))).toMatch(/TypeError/);
  }
});

it('is a record with metadata of its own where the library clones it', () => {
  const entity = DataEntity.make({ id: 1 });
  entity.setKey('key');
  const clone = cloneDeep(entity);
  clone.setKey('other');
  expect([DataEntity.isDataEntity(clone), clone.getKey(), entity.getKey()]).toEqual([true, 'other', 'key']);
});

it('gives each record metadata of its own', () => {
  const [a, b] = DataEntity.makeArray([{ id: 1 }, { id: 2 }]) as [DataEntity, DataEntity];
  const before = Date.now();
  a.setKey('key');
  a.setMetadata('x', 1);
  a.setIngestTime();
  a.setRawData('raw');
  expect([a.getKey(), a.getMetadata('x'), a.getRawData().toString()]).toEqual(['key', 1, 'raw']);
  expect(b.getMetadata()).toEqual({ _createTime: expect.any(Number) });
  expect(b.getCreateTime().getTime()).toBeLessThanOrEqual(before);
  expect(() => a.setMetadata('_createTime', 1 as never)).toThrow(/readonly/);
});

it('leaves all else to the library', () => {
  const entity = DataEntity.make({ id: 1 }, { _key: 'k' });
  expect(entity.getKey()).toBe('k');
  expect(DataEntity.make(entity)).toBe(entity);
  expect(DataEntity.make(entity, { _key: 'l' }).getKey()).toBe('l');
  expect(Object.keys(DataEntity.make(null as never))).toEqual([]);
  for (const wrong of [[1], Buffer.from('x'), new Map(), new Set(), 'text', 3]) {
    expect(() => DataEntity.make(wrong as never)).toThrow(/Invalid data source, must be an object/);
  }
  class Other {
    readonly x = 1;
  }
  expect(Object.entries(DataEntity.make(new Other()))).toEqual([['x', 1]]);
});
