#!/usr/bin/env node
import { leave } from './leave.js';
import { dropEmptyVariables } from './cli/options.js';
import { createProgram } from './cli/program.js';

dropEmptyVariables();
// Not awaited: in the bundle, what a command loads has parts in this very module and would wait for it.
void createProgram().parseAsync().catch(leave);
