/**
 * Replays workflow histories, away from jest, whose module sandbox is no place for a native module.
 * `node replay-child.mjs BUNDLE HISTORIES`: prints, as JSON, the error of each history, or null.
 */
import { readFileSync } from 'node:fs';
import { temporal } from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { dataConverter } from '../../dist/workers/payload-codec.js';

const { History } = temporal.api.history.v1;
const [bundle, file] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
const recordings = JSON.parse(readFileSync(file, 'utf8'));
const results = Worker.runReplayHistories(
  { workflowBundle: { codePath: bundle }, dataConverter },
  recordings.map(({ workflowId, history }) => ({ workflowId, history: History.fromObject(history) })),
);
const errors = [];
for await (const { error } of results) errors.push(error ? `${error.name}: ${error.message}` : null);
process.stdout.write(JSON.stringify(errors));
