import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';

const WORDS = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'heath'];
const BATCH = 1_000;

/** Writes about so many bytes of orders as newline-delimited JSON, 300 B each; answers how many they are. */
export async function writeOrders(path: string, bytes: number): Promise<number> {
  const file = createWriteStream(path);
  let written = 0;
  let records = 0;
  while (written < bytes) {
    let text = '';
    for (let i = 0; i < BATCH; i++) text += `${JSON.stringify(order(records++))}\n`;
    written += text.length;
    if (!file.write(text)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
  return records;
}

function order(id: number): Record<string, unknown> {
  const word = (n: number): string => WORDS[n % WORDS.length] as string;
  return {
    id,
    customer: `${word(id)} ${word(id * 7 + 3)}`,
    address: {
      street: `${word(id * 3 + 1)} street ${1 + (id % 250)}`,
      city: word(id * 3 + 2),
      postcode: String(10_000 + (id % 89_999)),
    },
    price: (id * 37) % 10_000,
    quantity: 1 + (id % 9),
    ordered: new Date(1_700_000_000_000 + id * 1_000).toISOString(),
    note: Array.from({ length: 15 }, (_, n) => word(id * (n + 5) + n)).join(' '),
    tags: [word(id + 2), word(id * 2 + 7)],
  };
}
