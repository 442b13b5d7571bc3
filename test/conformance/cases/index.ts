import type { Case } from '../case.js';
import { ASSETS } from './assets.js';
import { CONTROL } from './control.js';
import { EXECUTIONS } from './executions.js';
import { JOBS } from './jobs.js';
import { LISTS } from './lists.js';
import { ROUTING } from './routing.js';
import { TABLES } from './tables.js';

/** All cases, in the order in which they are to run: some change what a later one looks at. */
export const CASES: Case[] = [...ROUTING, ...JOBS, ...LISTS, ...EXECUTIONS, ...CONTROL, ...ASSETS, ...TABLES];
