/**
 * Replays workflow histories, away from jest, whose module sandbox is no place for a native module.
 * `node replay-child.mjs BUNDLE HISTORIES RESULTS`: the error of each history, or null, as JSON; the SDK writes log
 * lines to standard output.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import proto from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { dataConverter } from '../../dist/workers/payload-codec.js';

const { History } = proto.temporal.api.history.v1;
const [bundle, file, resultFile] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
const recordings = JSON.parse(readFileSync(file, 'utf8'));
const results = Worker.runReplayHistories(
  { workflowBundle: { codePath: bundle }, dataConverter },
  recordings.map(({ workflowId, history }) => ({ workflowId, history: History.fromObject(history) })),
);
const errors = [];
for await (const { error } of results) errors.push(error ? `${error.name}: ${error.message}` : null);
writeFileSync(resultFile, JSON.stringify(errors));
