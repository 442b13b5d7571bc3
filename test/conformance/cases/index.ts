import type { Case } from '../case.js';
import { ASSETS } from './assets.js';
import { BODIES } from './bodies.js';
import { CONFIGURATION } from './configuration.js';
import { CONTROL } from './control.js';
import { EXECUTIONS } from './executions.js';
import { JOB_ASSETS } from './job-assets.js';
import { JOBS } from './jobs.js';
import { LISTS } from './lists.js';
import { RECOVER } from './recover.js';
import { ROUTING } from './routing.js';
import { SUBMIT } from './submit.js';
import { TABLES } from './tables.js';
import { VALIDATION } from './validation.js';
import { WORKERS } from './workers.js';

/** All cases, in the order in which they are to run: some change what a later one looks at. */
export const CASES: Case[] = [
  ...[...ROUTING, ...BODIES, ...SUBMIT, ...VALIDATION, ...CONFIGURATION, ...JOBS, ...LISTS, ...EXECUTIONS],
  ...[...CONTROL, ...RECOVER, ...WORKERS, ...ASSETS, ...JOB_ASSETS, ...TABLES],
];
