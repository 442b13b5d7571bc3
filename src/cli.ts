#!/usr/bin/env node
import { dropEmptyVariables } from './cli/options.js';
import { createProgram } from './cli/program.js';

dropEmptyVariables();
await createProgram().parseAsync();
