import { cut, wellFormed, wellFormedTexts } from '../src/text.js';

describe('wellFormed', () => {
  it('puts U+FFFD in the places of NUL and of halves of surrogate pairs, and leaves the rest', () => {
    expect(wellFormed('a\0b \ud83d! \ude00 😀 Zürich')).toBe('a\ufffdb \ufffd! \ufffd 😀 Zürich');
  });

  it('reaches into values, and changes nothing else of them', () => {
    const value = { 'k\0': ['\ud83d', { deep: 'x\0' }], n: 1, none: null, flag: true, ok: '😀' };
    expect(wellFormedTexts(value)).toEqual({
      ...{ 'k\ufffd': ['\ufffd', { deep: 'x\ufffd' }] },
      ...{ n: 1, none: null, flag: true, ok: '😀' },
    });
    expect(Object.keys(wellFormedTexts(JSON.parse('{"__proto__": 1}') as object))).toEqual(['__proto__']);
  });
});

describe('cut', () => {
  it('never breaks a surrogate pair', () => {
    for (const limit of [5, 6, 7, 8]) {
      const text = cut('😀'.repeat(10), limit);
      expect(text.length).toBeLessThanOrEqual(limit);
      expect(text).toMatch(/^(😀)+…$/u);
    }
    expect(cut('short', 5)).toBe('short');
  });
});
