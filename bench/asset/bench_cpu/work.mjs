/** One number after the other (xorshift); the result is returned so that nothing can be optimized away. */
export function work(rounds, seed = 1) {
  let x = seed | 1;
  for (let i = 0; i < rounds; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}
