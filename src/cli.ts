#!/usr/bin/env node
import { leave } from './leave.js';
import { dropEmptyVariables } from './cli/options.js';
import { createProgram } from './cli/program.js';

dropEmptyVariables();
await createProgram().parseAsync().catch(leave);
