import type { Scenario } from '../bench.js';
import { control } from './control.js';
import { cpu } from './cpu.js';
import { files } from './files.js';
import { latency } from './latency.js';
import { long } from './long.js';
import { many } from './many.js';
import { memory } from './memory.js';
import { scale } from './scale.js';
import { start } from './start.js';
import { temporal } from './temporal.js';
import { throughput } from './throughput.js';
import { waiting } from './waiting.js';
import { wide } from './wide.js';

/** In the order in which they run: those that share a stack stand together. */
export const SCENARIOS: Scenario[] = [
  throughput,
  cpu,
  waiting,
  scale,
  control,
  files,
  memory,
  long,
  latency,
  start,
  wide,
  many,
  temporal,
];
